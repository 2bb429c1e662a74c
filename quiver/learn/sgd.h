// Sgd: gradient descent with momentum, what residual nets are trained with.
//
//   g <- gradient + weight_decay * p          of tensors with two or more dimensions: biases and norms do not decay
//   v <- momentum * v + g
//   p <- p - rate * factor * v                nesterov: p <- p - rate * factor * (g + momentum * v)
//
//   Sgd sgd(encoder.parameters(), {.rate = 0.1, .weight_decay = 1e-4});
//
// Polyak 1964; Nesterov's form as in Sutskever et al. 2013. The decay is part of the gradient, as torch::optim::SGD has
// it and as the rates of papers mean it. Thread-safety: one owner. Cost: four passes over the parameters.
#pragma once
#include <string>
#include <vector>

#include "quiver/learn/optimizer.h"

namespace quiver::learn {

struct SgdOptions {
  double rate = 0.1, momentum = 0.9, weight_decay = 0;
  bool nesterov = false;
};
class Sgd final : public DenseOptimizer {
 public:
  Sgd(std::vector<Tensor> parameters, SgdOptions options);
  void step(double factor) override;
  void collect_state(const std::string& prefix, Tensors& state) override;

 private:
  std::vector<Tensor> velocity_;
  SgdOptions options_;
};

}  // namespace quiver::learn
