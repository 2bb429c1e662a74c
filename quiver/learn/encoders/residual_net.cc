#include "quiver/learn/encoders/residual_net.h"

#include <cmath>

#include "quiver/core/check.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr double kNormEpsilon = 1e-5, kNormMomentum = 0.1;
}  // namespace

ResidualNet::ResidualNet(const ResidualNetConfig& config, std::int64_t dims, std::uint64_t seed)
    : config_(config), dims_(dims) {
  QUIVER_CHECK(config.check().has_value() && dims > 0);
  plan_ = plan_of(config);
  for (const Convolution& each : plan_.all()) {
    const auto out = static_cast<std::int64_t>(each.out), in = static_cast<std::int64_t>(each.in);
    const auto side = static_cast<std::int64_t>(each.kernel);
    const float deviation = std::sqrt(2 / static_cast<float>(side * side * in));
    parameters_[each.name] = random_parameter(each.name, {out, side, side, in}, deviation, seed);
    parameters_[each.name + "/norm"] = torch::ones({out});
    parameters_[each.name + "/norm_shift"] = torch::zeros({out});
    statistics_[each.name + "/norm_mean"] = torch::zeros({out});
    statistics_[each.name + "/norm_variance"] = torch::ones({out});
  }
  const auto last = static_cast<std::int64_t>(config.widths.back());
  parameters_["projection/weight"] = random_parameter("projection/weight", {dims, last}, deviation_of(last), seed);
  parameters_["projection/bias"] = torch::zeros({dims});
  for (auto& [name, parameter] : parameters_) parameter.requires_grad_();
}

std::vector<Tensor> ResidualNet::parameters() const {
  std::vector<Tensor> all;
  for (const auto& [name, parameter] : parameters_) all.push_back(parameter);
  return all;
}

// norm(conv(x)): (batch, in, h, w) -> (batch, out, h / stride, w / stride)
Tensor ResidualNet::normed(const Convolution& c, const Tensor& x, bool training) const {
  const auto of = [](const Tensors& all, const std::string& name) -> const Tensor& { return all.find(name)->second; };
  const Tensor taps = of(parameters_, c.name).permute({0, 3, 1, 2});  // (out, in, kernel, kernel), channels last
  const auto stride = static_cast<std::int64_t>(c.stride), padding = static_cast<std::int64_t>(c.kernel / 2);
  const Tensor y = torch::conv2d(x, taps, {}, stride, padding);
  return torch::batch_norm(y, of(parameters_, c.name + "/norm"), of(parameters_, c.name + "/norm_shift"),
                           of(statistics_, c.name + "/norm_mean"), of(statistics_, c.name + "/norm_variance"), training,
                           kNormMomentum, kNormEpsilon, false);
}

Tensor ResidualNet::forward(const Tensor& images, bool training) const {
  const auto size = static_cast<std::int64_t>(config_.size);
  QUIVER_CHECK(images.dim() == 4 && images.size(1) == static_cast<std::int64_t>(config_.channels));
  QUIVER_CHECK(images.size(2) == size && images.size(3) == size);
  Tensor x = normed(plan_.stem, images, training).relu_();  // (batch, width, h, w) from here on
  for (const ResidualBlock& block : plan_.blocks) {
    const Tensor inner = normed(block.first, x, training).relu_();
    const Tensor past = block.shortcut.empty() ? x : normed(block.shortcut[0], x, training);
    x = (normed(block.second, inner, training) + past).relu_();
  }
  const Tensor pooled = x.mean({2, 3});  // (batch, last width)
  return torch::linear(pooled, parameters_.find("projection/weight")->second,
                       parameters_.find("projection/bias")->second);  // (batch, dims)
}

ResidualNet::Folded ResidualNet::folded(const Convolution& c) const {
  const torch::NoGradGuard no_grad;
  const Tensor factor = parameters_.find(c.name + "/norm")->second /
                        (statistics_.find(c.name + "/norm_variance")->second + kNormEpsilon).sqrt();  // (out)
  const Tensor taps = parameters_.find(c.name)->second.flatten(1) * factor.unsqueeze(1);  // (out, kernel * kernel * in)
  const Tensor bias =
      parameters_.find(c.name + "/norm_shift")->second - statistics_.find(c.name + "/norm_mean")->second * factor;
  return {taps.contiguous(), bias.contiguous()};
}

}  // namespace quiver::learn
