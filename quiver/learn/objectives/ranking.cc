#include "quiver/learn/objectives/ranking.h"

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
constexpr float kAbsent = -1e30F;  // finite: a list of nothing must not become 0 / 0

struct Lists {
  Tensor scores, relevance, present;  // (lists, candidates)
};
Lists lists_of(const Tensors& out, const Tensors& batch) {
  Lists lists{out.find("scores")->second, batch.find("relevance")->second, {}};
  QUIVER_CHECK(lists.scores.dim() == 2 && lists.scores.sizes() == lists.relevance.sizes());
  lists.relevance = lists.relevance.to(torch::kFloat32);
  const auto present = batch.find("present");
  lists.present = present == batch.end() ? torch::ones_like(lists.scores, torch::kBool) : present->second;
  QUIVER_CHECK(lists.present.sizes() == lists.scores.sizes());
  return lists;
}
// The mean over the lists that count. costs, counts: (lists)
Tensor mean_of_lists(const Tensor& costs, const Tensor& counts) {
  return costs.masked_fill(counts.logical_not(), 0).sum() / counts.sum().clamp_min(1);
}
}  // namespace

Tensor PairwiseRanking::operator()(const Tensors& out, const Tensors& batch) const {
  const auto [scores, relevance, present] = lists_of(out, batch);
  const Tensor both = present.unsqueeze(2).logical_and(present.unsqueeze(1));  // (lists, candidates, candidates)
  const Tensor ordered = both.logical_and(relevance.unsqueeze(2) > relevance.unsqueeze(1));
  const Tensor costs = torch::softplus(scores.unsqueeze(1) - scores.unsqueeze(2)).masked_fill(ordered.logical_not(), 0);
  const Tensor pairs = ordered.sum({1, 2});  // (lists)
  return mean_of_lists(costs.sum({1, 2}) / pairs.clamp_min(1), pairs > 0);
}

ListwiseRanking::ListwiseRanking(double temperature) : temperature_(temperature) { QUIVER_CHECK(temperature > 0); }

Tensor ListwiseRanking::operator()(const Tensors& out, const Tensors& batch) const {
  const auto [scores, relevance, present] = lists_of(out, batch);
  const Tensor absent = present.logical_not();
  const Tensor wanted = torch::softmax((relevance / temperature_).masked_fill(absent, kAbsent), 1);
  const Tensor given = torch::log_softmax(scores.masked_fill(absent, kAbsent), 1);
  const Tensor costs = -(wanted * given).masked_fill(absent, 0).sum(1);  // (lists)
  return mean_of_lists(costs, present.any(1));
}

}  // namespace quiver::learn
