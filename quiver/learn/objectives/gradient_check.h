// For tests: is the gradient of a loss its slope? Every coordinate of every input is moved by a little, both ways.
//
//   Tensor x = torch::randn({4, 6}, torch::kFloat64);
//   EXPECT_LT(largest_gradient_error([&] { return loss_of(x); }, {x}), 1e-6);
//
// Requires: float64 inputs, or the difference drowns in rounding. The error is relative to slopes above 1.
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "quiver/learn/tensor.h"

namespace quiver::learn {

inline double largest_gradient_error(const std::function<Tensor()>& loss, const std::vector<Tensor>& inputs) {
  constexpr double kMove = 1e-5;
  for (Tensor input : inputs) input.requires_grad_().mutable_grad() = Tensor();
  loss().backward();
  const torch::NoGradGuard without_gradient;
  double worst = 0;
  for (const Tensor& input : inputs) {
    const Tensor found = input.grad().contiguous();
    auto* const value = input.data_ptr<double>();
    for (std::int64_t i = 0; i < input.numel(); ++i) {
      const double before = value[i];
      value[i] = before + kMove;
      const double above = loss().item<double>();
      value[i] = before - kMove;
      const double below = loss().item<double>();
      value[i] = before;
      const double slope = (above - below) / (2 * kMove);
      const double error = std::abs(found.data_ptr<double>()[i] - slope) / std::max(1.0, std::abs(slope));
      worst = std::max(worst, error);
    }
  }
  return worst;
}

}  // namespace quiver::learn
