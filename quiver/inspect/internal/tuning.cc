#include "quiver/inspect/internal/tuning.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "quiver/core/cpu_time.h"
#include "quiver/index/spec.h"

namespace quiver::internal {
namespace {
using Knob = SearchSetting::Knob;

constexpr std::uint32_t kMoreForTies = 6;      // neighbours known beyond k
constexpr int kBisections = 3;                 // between the last setting below the recall and the first above
constexpr std::size_t kBelow = 2, kAbove = 3;  // points kept around the one that reaches it
constexpr double kAllFound = 0.9998, kNoGain = 0.0002;
constexpr std::size_t kProbes = 4;

constexpr double kRecalls[] = {0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1};
constexpr double kTimesK[] = {1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128};

Result<RowsView> some_of(const Rows& rows, std::size_t count) {
  QUIVER_TRY(const TypedView view, rows.dense_typed());
  return RowsView(TypedView{view.element, view.bytes.slice(0, std::min(count, view.rows())), view.dims});
}

Result<Knob> knob_of(const Index& index, const AdviceTrial& trial, Run& run) {
  QUIVER_TRY(const RowsView few, some_of(trial.tuning, kProbes));
  SearchStats stats;
  QUIVER_TRY(const Hits hits, index.search_batch(few, {.k = trial.k, .recall = 0.9F}, run, &stats));
  if (stats.expected_recall > 0) return Knob::Recall;
  const bool scans = stats.plan == "scan" || stats.plan == "matrix product";
  if (!scans && hits.queries() > 0) return Knob::Effort;
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(index.spec()));
  return spec.rerank ? Knob::Rerank : Knob::None;
}

std::vector<double> ladder_of(Knob knob, const Index& index, std::uint32_t k) {
  if (knob == Knob::None) return {0};
  if (knob == Knob::Recall) return {std::begin(kRecalls), std::end(kRecalls)};
  std::vector<double> values;
  for (const double times : kTimesK) {
    const double value = std::round(times * std::max<double>(k, knob == Knob::Effort ? 8 : 1));
    if (values.empty() || value <= static_cast<double>(index.size())) values.push_back(value);
  }
  return values;
}

double between(Knob knob, double low, double high) {
  if (knob == Knob::Recall) return 1 - std::sqrt((1 - low) * std::max(1 - high, 1e-4));
  return std::round(std::sqrt(low * high));
}

Result<AdvicePoint> tried(const Index& index, const SearchSetting& setting, const AdviceTrial& trial, Run& run) {
  QUIVER_TRY(const RowsView queries, queries_for(index, trial.tuning));
  QUIVER_TRY(const Hits hits, index.search_batch(queries, setting.params(trial.k), run));
  AdvicePoint point{.setting = setting, .tuned = {}, .recall = {}};
  point.tuned = bootstrap_mean(trial.tuning_truth.recall_by_rows(hits, trial.k), {.seed = run.seed()});
  return point;
}
}  // namespace

Result<AdviceTrial> AdviceTrial::of(const Rows& base, const Rows& tuning, const Rows& reporting, std::uint32_t k,
                                    Run& run) {
  AdviceTrial trial{.k = k, .tuning = tuning, .reporting = reporting, .tuning_truth = {}, .reporting_truth = {}};
  QUIVER_TRY(trial.tuning_truth, exact_neighbours(base, tuning, k + kMoreForTies, run));
  QUIVER_TRY(trial.reporting_truth, exact_neighbours(base, reporting, k + kMoreForTies, run));
  return trial;
}

std::optional<std::size_t> first_to_reach(std::span<const AdvicePoint> points, double recall) noexcept {
  const auto found = std::ranges::find_if(points, [&](const AdvicePoint& p) { return p.tuned.mean >= recall; });
  if (found == points.end()) return std::nullopt;
  return static_cast<std::size_t>(found - points.begin());
}

Result<std::vector<AdvicePoint>> tuned_points(const Index& index, double recall, const AdviceTrial& trial, Run& run) {
  QUIVER_TRY(const Knob knob, knob_of(index, trial, run));
  std::vector<AdvicePoint> points;
  for (const double value : ladder_of(knob, index, trial.k)) {
    QUIVER_TRY(AdvicePoint point, tried(index, {knob, value}, trial, run));
    points.push_back(point);
    const std::size_t n = points.size();
    if (point.tuned.mean >= kAllFound) break;
    if (n > kAbove && point.tuned.mean >= recall && point.tuned.mean - points[n - 3].tuned.mean < kNoGain) break;
  }
  for (int step = 0; step < kBisections; ++step) {
    const auto reached = first_to_reach(points, recall);
    if (!reached || *reached == 0) break;
    const double low = points[*reached - 1].setting.value, high = points[*reached].setting.value;
    const double middle = between(knob, low, high);
    if (middle <= low || middle >= high) break;
    QUIVER_TRY(const AdvicePoint point, tried(index, {knob, middle}, trial, run));
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(*reached), point);
  }
  const std::size_t around = first_to_reach(points, recall).value_or(points.size() - 1);
  const std::size_t first = around > kBelow ? around - kBelow : 0, last = std::min(points.size(), around + kAbove + 1);
  return std::vector(points.begin() + static_cast<std::ptrdiff_t>(first),
                     points.begin() + static_cast<std::ptrdiff_t>(last));
}

Result<void> time_point(const Index& index, const AdviceTrial& trial, AdvicePoint& point, Run& run) {
  QUIVER_TRY(const RowsView queries, queries_for(index, trial.reporting));
  const double before = cpu_seconds();
  QUIVER_TRY(const Hits hits, index.search_batch(queries, point.setting.params(trial.k), run));
  const double seconds = (cpu_seconds() - before) / static_cast<double>(hits.queries());
  point.recall = bootstrap_mean(trial.reporting_truth.recall_by_rows(hits, trial.k), {.seed = run.seed()});
  point.seconds = point.seconds == 0 ? seconds : std::min(point.seconds, seconds);
  return {};
}

}  // namespace quiver::internal
