// InnerSphere: generated rows of an intrinsic dimension that is known. Unit vectors of a random subspace of `inner`
// dims within `outer` (the synthetic ladder of Elliott & Clark, ICTIR 2024): Gaussian coefficients, scaled to length
// one, of a random orthonormal basis. They spread around each point in inner - 1 directions, whatever `outer` is.
//
//   const InnerSphere sphere(16, 128, run.seed());
//   const Matrix base = sphere.draw(100'000, 1, run.threads());     // (100'000, 128)
//   const Matrix queries = sphere.draw(1000, 2, run.threads());     // another stream: other rows of the same subspace
//
// Row i of a stream depends on (seed, inner, outer, stream, i) alone: more rows keep the first ones, and threads change
// nothing. Requires: 0 < inner <= outer. Thread-safety: immutable. Cost: inner * outer operations a row; the basis
// inner^2 * outer once.
#pragma once
#include <cstdint>

#include "quiver/core/matrix.h"
#include "quiver/core/threads.h"

namespace quiver {

class InnerSphere {
 public:
  InnerSphere(std::size_t inner, std::size_t outer, std::uint64_t seed);
  Matrix draw(std::size_t rows, std::uint64_t stream, Threads& threads) const;

 private:
  Matrix basis_;  // (inner, outer), rows orthonormal
  std::uint64_t seed_;
};

}  // namespace quiver
