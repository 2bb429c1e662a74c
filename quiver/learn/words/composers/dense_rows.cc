#include "quiver/learn/words/composers/dense_rows.h"

#include <cmath>

namespace quiver::learn {

DenseRows::DenseRows(std::size_t hidden, std::size_t wide, bool bias, Descent descent, std::uint64_t seed,
                     std::uint64_t stream)
    : weights_(hidden, wide, descent), bias_(bias ? 1 : 0, hidden, descent) {
  weights_.fill(1 / std::sqrt(static_cast<float>(wide)), seed, stream);
}

void DenseRows::forward(const float* x, float* y) const noexcept {
  weights_.products(x, y);
  if (bias_.size() > 0) simd::kernels().add(y, bias_.row(0), hidden());
}

void DenseRows::backward(const float* x, const float* downhill, float* pull, float rate) noexcept {
  for (std::size_t i = 0; i < hidden(); ++i) weights_.exchange(i, x, pull, downhill[i], rate);
  if (bias_.size() > 0) bias_.move(0, downhill, rate);
}

}  // namespace quiver::learn
