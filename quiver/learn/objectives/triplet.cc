#include "quiver/learn/objectives/triplet.h"

#include <limits>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
constexpr float kFar = std::numeric_limits<float>::max();

Tensor unit_vectors(const Tensor& x) {
  return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(1));
}

// (b, b + extra): true where row j is a negative of anchor i.
Tensor negatives_of(const Tensors& batch, std::int64_t rows, std::int64_t columns) {
  const auto left = batch.find("left_group"), right = batch.find("right_group");
  Tensor negative = torch::ones({rows, columns}, torch::kBool);
  if (left != batch.end() && right != batch.end()) {
    QUIVER_CHECK(left->second.size(0) == rows && right->second.size(0) == columns);
    negative = left->second.unsqueeze(1).ne(right->second.unsqueeze(0));
  }
  negative.diagonal().fill_(false);
  return negative;
}

// The negative of each anchor; of an anchor without one, any column. distances: (b, b + extra), positive: (b, 1)
Tensor chosen(Mining mining, const Tensor& distances, const Tensor& positive, const Tensor& negative) {
  const Tensor none = negative.logical_not();
  if (mining == Mining::Hardest) return distances.masked_fill(none, kFar).argmin(1);
  const Tensor beyond = negative.logical_and(distances > positive);
  const Tensor nearest_beyond = distances.masked_fill(beyond.logical_not(), kFar).argmin(1);
  const Tensor farthest = distances.masked_fill(none, -kFar).argmax(1);
  return torch::where(beyond.any(1), nearest_beyond, farthest);  // (b)
}
}  // namespace

Triplet::Triplet(TripletOptions options) : options_(options) { QUIVER_CHECK(options.margin > 0); }

Tensor Triplet::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor &left = out.find("left")->second, &right = out.find("right")->second;
  QUIVER_CHECK(left.size(0) <= right.size(0) && left.size(1) == right.size(1));
  const Tensor distances = 1 - torch::mm(unit_vectors(left), unit_vectors(right).t());  // (b, b + extra)
  const Tensor positive = distances.diagonal().unsqueeze(1);                            // (b, 1)
  const Tensor negative = negatives_of(batch, left.size(0), right.size(0));
  if (options_.mining == Mining::All) {
    const Tensor costs = torch::relu(positive - distances + options_.margin).masked_select(negative);
    return costs.sum() / (costs > 0).sum().clamp_min(1);
  }
  const Tensor column = chosen(options_.mining, distances.detach(), positive.detach(), negative).unsqueeze(1);
  const Tensor costs = torch::relu(positive - distances.gather(1, column) + options_.margin);  // (b, 1)
  const Tensor counts = negative.any(1, true);
  return costs.masked_select(counts).sum() / counts.sum().clamp_min(1);
}

}  // namespace quiver::learn
