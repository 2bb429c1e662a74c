#include "quiver/learn/objectives/hard_contrastive.h"

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
Tensor unit_rows(const Tensor& x) {
  return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(-1));
}
}  // namespace

HardContrastive::HardContrastive(HardContrastiveOptions options)
    : options_(options), in_batch_({.temperature = options.temperature, .learn_temperature = false, .backward = 0}) {}

Tensor HardContrastive::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor &left = out.find("left")->second, &right = out.find("right")->second;
  const auto negative = out.find("negative");
  const std::int64_t rows = left.size(0), dim = left.size(1);
  QUIVER_CHECK(right.size(0) == rows && right.size(1) == dim);
  if (options_.in_batch) {
    if (negative == out.end()) return in_batch_(out, batch);
    const auto both = [](const Tensors& all, const char* first, const char* second) {
      return torch::cat({all.find(first)->second, all.find(second)->second});
    };
    Tensors joined{{"left", left}, {"right", both(out, "right", "negative")}}, groups;
    if (batch.contains("left_group")) {
      groups = {{"left_group", batch.find("left_group")->second},
                {"right_group", both(batch, "right_group", "negative_group")}};
    }
    return in_batch_(joined, groups);
  }
  QUIVER_CHECK(negative != out.end() && rows > 0 && negative->second.size(0) % rows == 0);
  const Tensor queries = unit_rows(left);                                // (batch, dim)
  const Tensor own = unit_rows(negative->second).view({rows, -1, dim});  // (batch, k, dim)
  QUIVER_CHECK(own.size(1) >= 1);
  const Tensor positives = (queries * unit_rows(right)).sum(1, true);                  // (batch, 1)
  const Tensor negatives = torch::matmul(own, queries.unsqueeze(2)).squeeze(2);        // (batch, k)
  const Tensor scores = torch::cat({positives, negatives}, 1) / options_.temperature;  // (batch, 1 + k)
  return (torch::logsumexp(scores, 1) - scores.select(1, 0)).mean();
}

}  // namespace quiver::learn
