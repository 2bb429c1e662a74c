#include "quiver/inspect/advise.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "quiver/core/cpu_time.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/random.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/internal/advice_choice.h"
#include "quiver/inspect/internal/tuning.h"
#include "quiver/inspect/order_risk.h"

namespace quiver {
namespace {
using internal::AdviceTrial;
using Clock = std::chrono::steady_clock;

// One row per candidate. What the rows or the metric rule out is refused when it is built and says so.
constexpr std::string_view kCandidates[] = {"flat",
                                            "flat + f16",
                                            "flat + lvq(8)",
                                            "flat + lvq(4) + rerank(lvq(8))",
                                            "flat + rabitq(1) + rerank(lvq(8))",
                                            "hnsw(16,128)",
                                            "hnsw(16,128) + lvq(8)",
                                            "hnsw(32,200) + lvq(8)",
                                            "ivf",
                                            "ivf + rerank(lvq(8))",
                                            "graph",
                                            "graph + rerank(lvq(8))"};

constexpr std::size_t kGrowth = 6;         // rows of a round over those of the round before
constexpr std::size_t kLeastQueries = 20;  // of both halves together
constexpr double kHeldOutPart = 0.1;
constexpr double kSlower = 1.2;  // a round of more rows, over proportion

// The state of one piece of advice on its way.
struct Adviser {
  const AdviseOptions& options;
  const Rows& rows;
  std::vector<std::uint32_t> order{};  // rows to measure on: the first ones in the first round
  Rows tuning{}, reporting{};
  Matrix sample_floats = Matrix();  // the tuning queries, if they are the user's
  Advice advice{};
  Clock::time_point start = Clock::now();

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start).count(); }
};

bool refusal(const Error& error) { return error.code() == Code::InvalidArgument || error.code() == Code::Unsupported; }

struct Built {
  std::unique_ptr<Index> index{};
  AdviceCandidate candidate{};
};

// Builds, tunes and times once. A refusal is part of the answer.
Result<Built> measured(const std::string& text, const Rows& base, const AdviceTrial& trial, const Adviser& adviser,
                       Run& run) {
  Built built{.candidate = {.spec = text}};
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(text));
  const double before = cpu_seconds();
  auto index = build_index(spec, base, adviser.sample_floats.view(), run);
  if (!index.has_value()) {
    if (!refusal(index.error())) return index.error();
    built.candidate.dropped = index.error().message();
    return built;
  }
  AdviceCandidate& candidate = built.candidate;
  built.index = *std::move(index);
  candidate.build_seconds = cpu_seconds() - before;
  candidate.spec = built.index->spec();
  candidate.rows = base.size();
  candidate.bytes = static_cast<double>(built.index->bytes()) / static_cast<double>(base.size());
  QUIVER_TRY(candidate.points, internal::tuned_points(*built.index, adviser.options.recall, trial, run));
  candidate.reaches = internal::first_to_reach(candidate.points, adviser.options.recall);
  for (AdvicePoint& point : candidate.points) QUIVER_TRY(internal::time_point(*built.index, trial, point, run));
  return built;
}

// Measures `specs` on the first `count` rows and puts what was measured into the advice, in place of what was known of
// the same spec on fewer rows. Cancelled only leaves the round unfinished.
Result<void> measure_round(Adviser& adviser, const std::vector<std::string>& specs, std::size_t count, Run& run) {
  auto stage = run.stage(fmt::format("{} rows", grouped(count)), specs.size() + adviser.options.repeats - 1);
  QUIVER_TRY(const Rows base, rows_at(adviser.rows, std::span(adviser.order).first(count)));
  QUIVER_TRY(const AdviceTrial trial, AdviceTrial::of(base, adviser.tuning, adviser.reporting, adviser.options.k, run));
  // One thread, no progress of its own: CPU time is compared.
  Run alone({.seed = run.seed(), .threads = 1});
  std::vector<AdviceCandidate>& known = adviser.advice.candidates;
  std::vector<std::pair<std::unique_ptr<Index>, std::string>> indexes;
  const auto of = [&](const std::string& spec) { return std::ranges::find(known, spec, &AdviceCandidate::spec); };
  for (const std::string& text : specs) {
    if (run.stop()) return run.stopped("advising");
    stage.note(text);
    QUIVER_TRY(Built built, measured(text, base, trial, adviser, alone));
    const std::string spec = built.candidate.spec;
    if (const auto before = of(text); before != known.end()) known.erase(before);
    if (of(spec) == known.end()) {  // a variant may have been built before under another name
      known.push_back(std::move(built.candidate));
      if (built.index != nullptr) indexes.emplace_back(std::move(built.index), spec);
    }
    stage.advance();
  }
  stage.note("timing in turns");
  for (unsigned round = 1; round < adviser.options.repeats; ++round) {
    for (const auto& [index, spec] : indexes) {
      if (run.stop()) return run.stopped("advising");
      for (AdvicePoint& point : of(spec)->points) QUIVER_TRY(internal::time_point(*index, trial, point, alone));
    }
    stage.advance();
  }
  return {};
}

// Graphs of other sizes around those that chose for themselves.
std::vector<std::string> variants(const Adviser& adviser) {
  std::vector<std::string> out;
  for (const AdviceCandidate& candidate : adviser.advice.candidates) {
    const auto spec = IndexSpec::parse(candidate.spec);
    if (!spec.has_value() || spec->structure != "graph" || candidate.rows == 0) continue;
    const unsigned dims = spec->arguments[0], groups = spec->arguments[1];
    const auto add = [&](unsigned d, unsigned g) {
      IndexSpec other = *spec;
      other.arguments = {std::min<unsigned>(d, static_cast<unsigned>(adviser.rows.space().dims)),
                         std::max(g / 4 * 4, 4U)};
      if (!(other == *spec)) out.push_back(other.text());
    };
    add(dims * 2 / 3, groups * 2 / 3);
    add(dims, groups * 3 / 2);
    add(dims * 3 / 2, groups);
    break;  // around the first: rerank codes are tried beside each other already
  }
  return out;
}

// Rows of the next round: as many as the time left seems to allow, by what the survivors took; 0: not enough to learn.
std::size_t next_rows(const Adviser& adviser, const std::vector<std::string>& specs, std::size_t round_rows,
                      double round_seconds, std::size_t round_specs) {
  const std::size_t all = adviser.order.size(), wanted = all <= kGrowth * round_rows ? all : kGrowth * round_rows;
  const double a_row = kSlower * round_seconds / static_cast<double>(round_rows) * static_cast<double>(specs.size()) /
                       static_cast<double>(std::max<std::size_t>(round_specs, 1));
  const double left = adviser.options.seconds - adviser.elapsed();
  const double possible = left <= 0 ? 0 : left / std::max(a_row, 1e-12);
  const std::size_t rows = possible >= static_cast<double>(wanted) ? wanted : static_cast<std::size_t>(possible);
  return rows * 2 < round_rows * 3 && rows < all ? 0 : rows;
}

Result<void> measure_all(Adviser& adviser, Run& run) {
  std::vector<std::string> specs = adviser.options.specs;
  if (specs.empty()) specs.assign(std::begin(kCandidates), std::end(kCandidates));
  std::size_t rows = std::min(adviser.options.sample, adviser.order.size()), seen = specs.size();
  auto began = adviser.elapsed();
  QUIVER_TRY(measure_round(adviser, specs, rows, run));
  if (adviser.options.specs.empty()) {
    const std::vector<std::string> more = variants(adviser);
    seen += more.size();
    QUIVER_TRY(measure_round(adviser, more, rows, run));
  }
  while (rows < adviser.order.size()) {
    specs = internal::survivors(adviser.advice, adviser.options, rows);
    const std::size_t next = next_rows(adviser, specs, rows, adviser.elapsed() - began, seen);
    if (next == 0) {
      adviser.advice.out_of_time = true;
      return {};
    }
    adviser.advice.out_of_time = next < std::min(adviser.order.size(), kGrowth * rows);
    rows = next;
    seen = specs.size();
    began = adviser.elapsed();
    std::vector<AdviceCandidate> before = adviser.advice.candidates;
    const auto done = measure_round(adviser, specs, rows, run);
    if (!done.has_value()) {  // figures of two sizes cannot be compared: those of the finished round stand
      adviser.advice.candidates = std::move(before);
      return done.error();
    }
  }
  return {};
}

Result<void> check(const Rows& rows, const Rows& queries, const AdviseOptions& options) {
  if (!(options.recall > 0 && options.recall < 1)) {
    return Error::invalid_argument(
        fmt::format("advising for recall {}: it must lie between 0 and 1, such as 0.95", options.recall));
  }
  for (const std::string& text : options.specs) QUIVER_TRY(IndexSpec::parse(text));
  const bool given = queries.size() > 0;
  const std::size_t least = given ? options.k : options.k + kLeastQueries;
  if (options.k == 0 || rows.size() < std::max<std::size_t>(least, 1)) {
    return Error::invalid_argument(fmt::format(
        "advising for k = {} on {} rows: at least {} rows are needed{}; so few are best searched exactly, by flat",
        options.k, rows.size(), std::max<std::size_t>(least, 1), given ? "" : " when queries are held out of them"));
  }
  if (given && queries.size() < kLeastQueries) {
    return Error::invalid_argument(
        fmt::format("advising on {} queries: at least {} are needed to turn a knob on one half "
                    "and report the other",
                    queries.size(), kLeastQueries));
  }
  if (given) QUIVER_TRY(comparable(queries.space(), rows.space()));
  return {};
}
}  // namespace

std::span<const std::string_view> default_candidates() noexcept { return kCandidates; }

SearchParams SearchSetting::params(std::uint32_t k) const {
  SearchParams params{.k = k};
  if (knob == Knob::Recall) params.recall = static_cast<float>(value);
  if (knob == Knob::Effort) params.effort = static_cast<std::uint32_t>(value);
  if (knob == Knob::Rerank) params.rerank = static_cast<std::uint32_t>(value);
  return params;
}
std::string SearchSetting::flags() const {
  switch (knob) {
    case Knob::None:
      return "";
    case Knob::Recall:
      return fmt::format(" --recall {:.4g}", value);
    case Knob::Effort:
      return fmt::format(" --effort {:.0f}", value);
    case Knob::Rerank:
      return fmt::format(" --rerank {:.0f}", value);
  }
  return "";
}

double Advice::bytes_of(const AdviceCandidate& candidate) const { return candidate.bytes * static_cast<double>(rows); }

Result<Advice> advise(const Rows& rows, const Rows& queries, const AdviseOptions& options, Run& run) {
  QUIVER_TRY(check(rows, queries, options));
  Adviser adviser{.options = options, .rows = rows};
  Advice& advice = adviser.advice;
  const auto count = static_cast<std::uint32_t>(rows.size());
  advice.rows = rows.size();
  advice.dims = rows.space().dims;
  advice.held_out = queries.size() == 0;
  Random random(run.seed(), stream_of("advice"));
  std::vector<std::uint32_t> asked;
  if (advice.held_out) {
    const auto part = static_cast<std::size_t>(std::ceil(kHeldOutPart * static_cast<double>(count)));
    const std::size_t taken = std::clamp(part, kLeastQueries, std::max(options.queries, kLeastQueries));
    HeldOut split = hold_out(count, static_cast<std::uint32_t>(taken), run.seed());
    asked = std::move(split.queries);
    adviser.order = std::move(split.base);
    random.shuffle(std::span(adviser.order));
  } else {
    adviser.order = random.permutation(count);
    asked = random.permutation(static_cast<std::uint32_t>(queries.size()));
    asked.resize(std::min(asked.size(), std::max(options.queries, kLeastQueries)));
  }
  const Rows& from = advice.held_out ? rows : queries;
  const std::size_t half = asked.size() / 2;
  QUIVER_TRY(adviser.tuning, rows_at(from, std::span(asked).first(half)));
  QUIVER_TRY(adviser.reporting, rows_at(from, std::span(asked).subspan(half)));
  advice.tuning_queries = half;
  advice.queries = asked.size() - half;
  if (!advice.held_out) {
    QUIVER_TRY(const TypedView view, adviser.tuning.dense_typed());
    adviser.sample_floats = to_float(view);
  }
  const auto measured_all = measure_all(adviser, run);
  if (!measured_all.has_value()) {
    const bool something = std::ranges::any_of(advice.candidates, [](const AdviceCandidate& c) { return c.rows > 0; });
    if (measured_all.error().code() != Code::Cancelled || !something) return measured_all.error();
    advice.interrupted = true;
  }
  if (std::ranges::none_of(advice.candidates, [](const AdviceCandidate& c) { return c.rows > 0; })) {
    return Error::invalid_argument(
        fmt::format("advising: every candidate was refused, the first because {}", advice.candidates.front().dropped));
  }
  internal::conclude(advice, options);
  return std::move(adviser.advice);
}

}  // namespace quiver
