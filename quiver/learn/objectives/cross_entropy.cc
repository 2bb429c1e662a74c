#include "quiver/learn/objectives/cross_entropy.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/check.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {

CrossEntropy::CrossEntropy(std::vector<std::int64_t> lengths, std::int64_t classes, const CrossEntropyOptions& options)
    : lengths_(std::move(lengths)), smoothing_(options.smoothing) {
  QUIVER_CHECK(!lengths_.empty() && lengths_.front() > 0 && classes > 0);
  QUIVER_CHECK(std::ranges::adjacent_find(lengths_, std::greater_equal<>()) == lengths_.end());
  QUIVER_CHECK(smoothing_ >= 0 && smoothing_ < 1);
  const bool shared = options.heads == Heads::Shared;
  for (const std::int64_t length : lengths_) {
    if (shared && length != lengths_.back()) continue;
    weights_.push_back(random_parameter(fmt::format("heads/{}", length), {classes, length}, deviation_of(length),
                                        options.seed)
                           .requires_grad_());                    // (classes, length)
    biases_.push_back(torch::zeros({classes}).requires_grad_());  // (classes)
  }
}

Tensor CrossEntropy::logits(const Tensor& vectors) const {
  const std::int64_t length = vectors.size(1);
  const auto found = std::ranges::find(lengths_, length);
  QUIVER_CHECK(found != lengths_.end());
  if (weights_.size() == lengths_.size()) {
    const auto at = static_cast<std::size_t>(found - lengths_.begin());
    return torch::linear(vectors, weights_[at], biases_[at]);  // (batch, classes)
  }
  return torch::linear(vectors, weights_[0].narrow(1, 0, length), biases_[0]);  // (batch, classes)
}

Tensor CrossEntropy::operator()(const Tensors& out, const Tensors& batch) const {
  return torch::nn::functional::cross_entropy(
      logits(out.find("vectors")->second), batch.find("label")->second,
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(smoothing_));
}

std::vector<Tensor> CrossEntropy::parameters() const {
  std::vector<Tensor> all = weights_;
  all.insert(all.end(), biases_.begin(), biases_.end());
  return all;
}

}  // namespace quiver::learn
