// ResidualNet: the trainable body "residual_net" (model/residual_net.h runs the same without torch). One
// ResidualNetConfig describes both; here every convolution is followed by a batch norm, which freeze() folds into it.
//
//   ResidualNet encoder(config, /*dims=*/256, run.seed());
//   Sgd sgd(encoder.parameters(), {.rate = 0.1, .weight_decay = 1e-4});
//   Tensor z = encoder.forward(images, /*training=*/true);            // (batch, channels, size, size) -> (batch, dims)
//   train(turns, {.kept = encoder.statistics(), ...}, run);
//
//   norm(y) = scale * (y - mean) / sqrt(variance + 1e-5) + shift      by channel (Ioffe & Szegedy 2015): of the batch
//             while training, running means of the past (momentum 0.1) otherwise
//   z       = projection of the mean over positions: a linear layer, so that coordinates may be negative. The pooled
//             values themselves are not, which would favour some lengths over others
//
// Parameters have the names of the body's tensors, and NAME/norm, NAME/norm_shift; convolutions are stored as the body
// stores them, (out, kernel, kernel, in), and begin as He et al. 2015 have them (deviation sqrt(2 / inputs)).
// Images should be channels-last in memory (augment.h gives them so): that is what is fast. Thread-safety: one owner
// while training. Cost on one core with AVX-512, batches of 128, default widths: 0.8 ms a picture and step, 0.2 ms with
// stem_stride 2.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/tensor.h"
#include "quiver/model/residual_net.h"

namespace quiver::learn {

class ResidualNet {
 public:
  // Requires: config.check(), dims > 0.
  ResidualNet(const ResidualNetConfig& config, std::int64_t dims, std::uint64_t seed);
  ResidualNet(ResidualNet&&) = default;
  ResidualNet& operator=(ResidualNet&&) = default;
  ResidualNet(const ResidualNet&) = delete;  // a copy would share its parameters
  ResidualNet& operator=(const ResidualNet&) = delete;
  ~ResidualNet() = default;

  const ResidualNetConfig& config() const noexcept { return config_; }
  std::int64_t dims() const noexcept { return dims_; }
  const Tensors& named() const noexcept { return parameters_; }       // "stages/0/0/first", "stages/0/0/first/norm"
  const Tensors& statistics() const noexcept { return statistics_; }  // NAME/norm_mean, NAME/norm_variance
  std::vector<Tensor> parameters() const;                             // in the order of their names

  Tensor forward(const Tensor& images, bool training) const;

  // A convolution with its norm as one: taps (out, kernel * kernel * in) and bias (out).
  struct Folded {
    Tensor taps, bias;
  };
  Folded folded(const Convolution& convolution) const;

 private:
  Tensor normed(const Convolution& convolution, const Tensor& x, bool training) const;
  ResidualNetConfig config_;
  std::int64_t dims_;
  ResidualPlan plan_;
  Tensors parameters_, statistics_;
};

}  // namespace quiver::learn
