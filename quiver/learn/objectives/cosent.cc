#include "quiver/learn/objectives/cosent.h"

#include <cmath>

#include "quiver/core/check.h"

namespace quiver::learn {

Tensor ranking_loss(const Tensor& similarities, const Tensor& scores) {
  QUIVER_CHECK(similarities.dim() == 1 && scores.sizes() == similarities.sizes());
  const Tensor wrong = scores.unsqueeze(1).lt(scores.unsqueeze(0));                   // (b, b): y_i < y_j
  const Tensor gaps = similarities.unsqueeze(1) - similarities.unsqueeze(0);          // (b, b): s_i - s_j
  const Tensor counted = torch::cat({torch::zeros({1}), gaps.masked_select(wrong)});  // the 1 is exp(0)
  return torch::logsumexp(counted, 0);
}

double ranking_loss_reference(const std::vector<double>& similarities, const std::vector<double>& scores) {
  double sum = 1;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (scores[i] < scores[j]) sum += std::exp(similarities[i] - similarities[j]);
    }
  }
  return std::log(sum);
}

bool all_equal(const Tensor& scores) { return scores.numel() < 2 || scores.eq(scores[0]).all().item<bool>(); }

Tensor CoSent::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor& left = out.find("left")->second;
  const Tensor& scores = batch.find("scores")->second;
  if (all_equal(scores)) ++*skipped_;
  const Tensor cosines = torch::cosine_similarity(left, out.find("right")->second, 1, 1e-12);  // (b)
  return ranking_loss(cosines * options_.tau, scores);
}

}  // namespace quiver::learn
