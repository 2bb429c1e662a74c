// Advice: which index to build of these vectors, found by measuring on the vectors themselves. Candidates are built of
// a sample, their knob (recall asked for, effort, candidates ranked again) is turned until the recall is reached, and
// the better ones go on to more rows, up to all (successive halving; Jamieson & Talwalkar, AISTATS 2016).
//
//   QUIVER_TRY(Advice advice, advise(rows, {}, {.recall = 0.95, .memory = 2'000'000'000}, run));
//   if (advice.best) advice.candidates[*advice.best].spec        // "graph(96,48) + rerank(f16)"
//   advice.why                                                   // one sentence, with the numbers
//
// Invariants
//   - Queries are split in two: knobs are turned on one half and everything reported is measured on the other. Without
//     queries, rows are held out of the data and used so.
//   - Speed is queries a second of CPU time on one thread, in one batch; candidates take turns for several rounds and
//     the best round counts.
//   - Memory is Index::bytes(), every byte that a search may touch, extrapolated in proportion where only a part of the
//     rows was measured.
//   - Of candidates that reach the recall and fit, the fastest is best; of those as fast within 5 %, the smallest.
//   - A candidate that the data or the memory rule out stays in the list and says why.
// Stopping: Ctrl-C and the time limit end the measuring, not the advice: it is then given on what was measured.
// Thread-safety: a free function. Cost: the builds of all candidates on the sample and of a few on all rows; memory for
// the finalists' indexes at once.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"
#include "quiver/index/index.h"

namespace quiver {

struct AdviseOptions {
  std::uint32_t k = 10;
  double recall = 0.95;
  std::uint64_t memory = 0;          // bytes; 0: no limit
  double seconds = 600;              // after which no further round begins
  std::vector<std::string> specs{};  // empty: default_candidates()
  std::size_t sample = 20'000;       // rows of the first round
  std::size_t queries = 1000;        // at most, both halves together
  unsigned repeats = 3;
};

// What a search is told beside k.
struct SearchSetting {
  enum class Knob : std::uint8_t { None, Recall, Effort, Rerank };
  Knob knob = Knob::None;
  double value = 0;
  SearchParams params(std::uint32_t k) const;
  std::string flags() const;  // " --recall 0.95" for the command line, or ""
};

struct AdvicePoint {
  SearchSetting setting{};
  Interval tuned{}, recall{};  // on the queries that turned the knob; on the others
  double seconds = 0;          // CPU, a query
  bool on_front = false;       // no other point of as many rows has more recall, more speed and less memory
};

struct AdviceCandidate {
  std::string spec{};        // as built; as written if it was not
  std::size_t rows = 0;      // it was measured on; 0: not at all
  double bytes = 0;          // a row
  double build_seconds = 0;  // CPU
  std::vector<AdvicePoint> points{};
  std::optional<std::size_t> reaches{};  // the point that first reached the recall on the tuning queries
  bool fits = true;                      // the memory allowed
  std::string dropped{};                 // why it went no further; empty: it stayed to the end
};

struct Advice {
  std::size_t rows = 0, dims = 0, tuning_queries = 0, queries = 0;
  bool held_out = false, interrupted = false, out_of_time = false;
  std::vector<AdviceCandidate> candidates{};  // those that stayed longest first, then by speed
  std::optional<std::size_t> best{};          // reaches the recall within the memory, and fastest
  std::string why{};                          // of the best; or that nothing fits, and what is nearest

  double bytes_of(const AdviceCandidate& candidate) const;  // of all rows
};

// `queries` may be empty. Errors: InvalidArgument (recall not between 0 and 1, k of 0 or above the rows, rows or
// queries too few to measure with, a spec that cannot be read), those of comparable(), Unsupported (rows that are not
// dense), Cancelled before anything was measured.
Result<Advice> advise(const Rows& rows, const Rows& queries, const AdviseOptions& options, Run& run);

std::span<const std::string_view> default_candidates() noexcept;

}  // namespace quiver
