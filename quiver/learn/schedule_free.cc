#include "quiver/learn/schedule_free.h"

#include <fmt/format.h>

#include <cmath>

#include "quiver/core/check.h"

namespace quiver::learn {

ScheduleFreeAdamW::ScheduleFreeAdamW(std::vector<Tensor> parameters, ScheduleFreeOptions options)
    : DenseOptimizer(std::move(parameters)),
      second_(zeros_like_parameters()),
      count_(torch::zeros({}, torch::kInt64)),
      squares_(torch::zeros({}, torch::kFloat64)),
      options_(options) {
  QUIVER_CHECK(options.beta1 > 0 && options.beta1 < 1);
  for (const Tensor& parameter : parameters_) {  // all sequences begin at one point
    averages_.push_back(parameter.detach().clone());
    steps_.push_back(parameter.detach().clone());
  }
}

void ScheduleFreeAdamW::step(double factor) {
  QUIVER_CHECK(!at_average_);
  const torch::NoGradGuard no_grad;
  const auto count = static_cast<double>(count_.add_(1).item<std::int64_t>());
  const double rate = options_.rate * factor * std::sqrt(1 - std::pow(options_.beta2, count));
  const double squares = squares_.add_(rate * rate).item<double>();
  const double share = squares > 0 ? rate * rate / squares : 0;  // c
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    Tensor &y = parameters_[p], &x = averages_[p], &z = steps_[p], &v = second_[p];
    const Tensor& gradient = y.grad();
    if (!gradient.defined()) continue;
    v.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    z.addcdiv_(gradient, v.sqrt().add_(options_.epsilon), -rate);
    if (options_.weight_decay > 0) z.sub_(y, rate * options_.weight_decay);
    x.lerp_(z, share);
    y.copy_(torch::lerp(z, x, options_.beta1));
  }
}

void ScheduleFreeAdamW::to_average() {
  const torch::NoGradGuard no_grad;
  for (std::size_t p = 0; p < parameters_.size(); ++p) parameters_[p].copy_(averages_[p]);
  at_average_ = true;
}

void ScheduleFreeAdamW::to_training() {
  const torch::NoGradGuard no_grad;
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    parameters_[p].copy_(torch::lerp(steps_[p], averages_[p], options_.beta1));
  }
  at_average_ = false;
}

void ScheduleFreeAdamW::collect_state(const std::string& prefix, Tensors& state) {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    state[fmt::format("{}/{}", prefix, p)] = parameters_[p];
    state[fmt::format("{}/{}/average", prefix, p)] = averages_[p];
    state[fmt::format("{}/{}/step", prefix, p)] = steps_[p];
    state[fmt::format("{}/{}/second", prefix, p)] = second_[p];
  }
  state[fmt::format("{}/steps", prefix)] = count_;
  state[fmt::format("{}/squares", prefix)] = squares_;
}

}  // namespace quiver::learn
