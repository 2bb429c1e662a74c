// Orthogonal maps: they turn vectors and keep lengths and products. Two kinds, used alike:
//
//   MatrixRotation   learned: dims^2 products a vector; with fewer rows it turns and shortens
//   RandomRotation   drawn by a seed and never stored: dims * log2(dims) additions a vector
//
//   rotation.apply(x, y);      // y = R x
//   rotation.invert(y, x);     // x = R^T y
//
// RandomRotation is rounds of random signs and Walsh-Hadamard transforms, in the manner of Ailon and Chazelle's fast
// Johnson-Lindenstrauss transform (2009): a transform takes a power of two, so each round turns the first 2^k
// coordinates and then the last 2^k, which overlap; kRounds rounds mix all coordinates with all.
// What a vector becomes depends on the vector alone. Thread-safety: immutable.
#pragma once
#include <span>
#include <vector>

#include "quiver/core/matrix.h"

namespace quiver::internal {

class MatrixRotation {
 public:
  explicit MatrixRotation(Matrix rows);  // orthonormal to within float rounding. Requires: rows <= cols
  void apply(std::span<const float> x, float* out) const noexcept;
  void invert(std::span<const float> y, float* out) const noexcept;
  const Matrix& matrix() const noexcept { return forward_; }
  // Computed images are no further from those of an orthogonal map than error() times the vector's length.
  double error() const noexcept { return error_; }

 private:
  Matrix forward_, backward_;
  double error_;
};

class RandomRotation {
 public:
  RandomRotation(std::size_t dims, std::uint64_t seed);
  void apply(std::span<const float> x, float* out) const noexcept;
  void invert(std::span<const float> y, float* out) const noexcept;
  double error() const noexcept;

 private:
  static constexpr std::size_t kRounds = 4;
  std::size_t dims_, block_;  // block_: the largest power of two within dims
  std::vector<float> signs_;  // dims for each half of each round
};

}  // namespace quiver::internal
