#include "quiver/learn/sgd.h"

#include <fmt/format.h>

namespace quiver::learn {

Sgd::Sgd(std::vector<Tensor> parameters, SgdOptions options)
    : DenseOptimizer(std::move(parameters)), velocity_(zeros_like_parameters()), options_(options) {}

void Sgd::step(double factor) {
  const torch::NoGradGuard no_grad;
  const double rate = options_.rate * factor;
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    Tensor& parameter = parameters_[p];
    Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (options_.weight_decay > 0 && parameter.dim() > 1) {
      gradient = torch::add(gradient, parameter, options_.weight_decay);
    }
    velocity_[p].mul_(options_.momentum).add_(gradient);
    if (options_.nesterov) {
      parameter.sub_(torch::add(gradient, velocity_[p], options_.momentum), rate);
    } else {
      parameter.sub_(velocity_[p], rate);
    }
  }
}

void Sgd::collect_state(const std::string& prefix, Tensors& state) {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    state[fmt::format("{}/{}", prefix, p)] = parameters_[p];
    state[fmt::format("{}/{}/velocity", prefix, p)] = velocity_[p];
  }
}

}  // namespace quiver::learn
