// Bars: the numbers a recipe must reach, written in its page (docs/recipes/<slug>.md), judged against what its
// reproduction measured over the seeds.
//
//   mrr@10[full] >= mrr@10[plain] + 0.02 | every seed          metric[arm]; after the bar: how the seeds are judged
//
//   bar   := [id ":"] side op side ["|" form]                  id: letters, digits and '-'; else bar-1, bar-2, ...
//   side  := term { (" + " | " - ") term }                      signs stand between blanks: names may hold '-'
//   term  := number | metric "[" arm "]" | number " * " metric "[" arm "]"
//   op    := ">=" | ">" | "<=" | "<"
//   form  := mean            the means over the seeds satisfy it (the default)
//            every seed      each seed does
//            N of M seeds    at least N of the M seeds do; with fewer than M seeds it is incomplete
//            interval        so does the far end of the 95 % interval of left - right (below)
//            report          shown, never judged; a single side is enough
//            stretch         judged as mean and shown; a miss does not fail the recipe
//
// The interval of `m[a] >= m[b] + c`: where the recipe measured arm "a - b" with metrics m.low and m.high (paired over
// the items of one seed), every seed's end must hold against c; for `m[a] >= c`, arm a's m.low and m.high. Otherwise it
// is Student's t over the seeds' paired differences, which needs at least two seeds. Thread-safety: plain values and
// pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/statistics.h"
#include "quiver/recipes/recipe.h"

namespace quiver {

struct BarTerm {
  double factor = 1;  // the number itself when there is no metric
  std::string metric{}, arm{};
};
enum class BarForm : std::uint8_t { Mean, EverySeed, SomeSeeds, Interval, Report, Stretch };

struct Bar {
  std::string id, text;  // text: as written, without the id
  std::vector<BarTerm> left, right;
  bool greater = true, strict = false;
  BarForm form = BarForm::Mean;
  unsigned needed = 0, of = 0;  // of SomeSeeds
};
// Errors: InvalidArgument with the position and what was expected there.
Result<Bar> parse_bar(std::string_view text);

enum class Verdict : std::uint8_t { Pass, Miss, Incomplete, Skipped, Shown };
std::string_view name_of(Verdict verdict) noexcept;  // "pass"

struct SeedMeasured {
  std::uint64_t seed = 0;
  std::vector<Measured> values;
};
struct Judged {
  Verdict verdict = Verdict::Incomplete;
  std::vector<double> left, right;   // per seed; empty right when the bar has one side
  std::optional<Interval> interval;  // of left - right
  std::string why;                   // of Incomplete: what is missing; else empty
};
Judged judge(const Bar& bar, std::span<const SeedMeasured> seeds);
// A bar may be raised, never lowered: InvalidArgument says how `bar` asks less than `card` does, which compares the
// same terms. Forms from weak to strong: report, stretch; mean, N of M seeds (more of them); every seed or interval.
Result<void> check_not_lowered(const Bar& bar, const Bar& card);

// Of all bars: Miss if one missed, else Incomplete if one is, else Pass. Shown and missed stretch bars do not count.
Verdict overall(std::span<const Bar> bars, std::span<const Judged> judged);

// 95 % of the mean of few values, two-sided. Requires: at least two values.
Interval student_interval(std::span<const double> values);

}  // namespace quiver
