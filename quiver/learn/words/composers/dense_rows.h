// DenseRows: a layer y = H x (+ b) whose matrix is moved after every example, for composers with a hidden layer.
//
//   DenseRows layer(hidden, wide, true, Descent::AdaGrad, seed, stream);
//   layer.forward(x, y);                                   // (wide) -> (hidden)
//   layer.backward(x, downhill, pull, rate);               // downhill: of y; H and b move, pull gathers that of x
//
// H begins uniform within 1 / sqrt(wide), b at zero. Thread-safety: as LearnedRows.
#pragma once
#include <cstdint>

#include "quiver/learn/words/learned_rows.h"

namespace quiver::learn {

class DenseRows {
 public:
  DenseRows(std::size_t hidden, std::size_t wide, bool bias, Descent descent, std::uint64_t seed, std::uint64_t stream);
  void forward(const float* x, float* y) const noexcept;
  void backward(const float* x, const float* downhill, float* pull, float rate) noexcept;
  std::size_t hidden() const noexcept { return weights_.size(); }
  std::size_t wide() const noexcept { return weights_.cols(); }
  LearnedRows& weights() noexcept { return weights_; }
  LearnedRows& bias() noexcept { return bias_; }  // one row, or none

 private:
  LearnedRows weights_, bias_;
};

}  // namespace quiver::learn
