#include "quiver/index/internal/ivf_plan.h"

#include <algorithm>
#include <cmath>

namespace quiver::internal {
namespace {
constexpr float kDefaultRecall = 0.95F;
constexpr double kGrowth = 0.75;  // of the rows to meet with k
}  // namespace

IvfPlan::IvfPlan(const IvfParts& parts, const IvfLevels& levels, const Removed& removed, const SearchParams& params,
                 std::size_t k)
    : filter_(parts, removed, params.filter), eligible_(none_removed_, filter_.all() ? nullptr : &filter_) {
  const float recall = params.recall > 0 ? params.recall : kDefaultRecall;
  const IvfLevel level = levels.of(recall);
  if (params.effort == 0 && params.rerank == 0) expected_recall_ = levels.expected(recall);
  const bool reranks = parts.fine != nullptr;
  effort_.k = effort_.candidates = k;
  effort_.eligible = &eligible_;
  const double larger = std::max(1.0, static_cast<double>(k) / kMeasuredNeighbours);
  if (reranks && params.rerank > 0) {
    effort_.candidates = std::max<std::size_t>(params.rerank, k);
  } else if (reranks) {
    effort_.candidates = std::max(k, static_cast<std::size_t>(std::ceil(level.candidates * larger)));
    // The nearest of many are told apart less easily than those that were measured.
    if (k > kMeasuredNeighbours) effort_.candidates = std::max(effort_.candidates, 4 * k);
  }
  const auto size = static_cast<double>(parts.positions());
  const double left = size - static_cast<double>(removed.count());
  const double part = std::clamp(filter_.selectivity(), 1e-9, 1.0) * left / size;
  auto met = static_cast<double>(kLeastMet * std::max(k, kMeasuredNeighbours));
  if (larger > 1 || params.filter != nullptr) met = std::max(met, level.rows * std::pow(larger, kGrowth));
  met = std::min(met / part, size);
  effort_.limits = {level.slack, static_cast<std::size_t>(std::ceil(met)), params.effort};
  const double probing =
      ivf_cost(parts, std::max<double>(met, level.rows), reranks ? static_cast<double>(effort_.candidates) : 0);
  scans_ = params.effort == 0 && ivf_cost(parts, 0, size * part) <= probing;
}

}  // namespace quiver::internal
