// Descent: what moves one row of a learned table, for trainers that step after every example (word vectors).
//
//   const simd::Kernels& k = simd::kernels();
//   k.exchange(output, context, pull, error, error * rate, dim);       // a step of <output, context>, both sides
//   k.add_scaled(word, pull, rate, dim);                               // gradient descent
//   k.adapt(word, squares, pull, 1, rate, dim);                        // AdaGrad
//
// Each element is computed for itself: a row's result depends on the level by the rounding of its operations alone.
// Several threads may step on one row at once and lose some of each other's changes, if the trainer says that it
// accepts that (learn/words). Nothing is read or written outside the rows.
#pragma once

#include <cstddef>

namespace quiver::simd {

// to <- to + scale * what.
using AddScaled = void (*)(float* to, const float* what, float scale, std::size_t count) noexcept;
// sum <- sum + taken * to, then to <- to + given * what: the gradient of <to, what> for both, in one pass.
using Exchange = void (*)(float* to, const float* what, float* sum, float taken, float given,
                          std::size_t count) noexcept;
// AdaGrad, with g = scale * what: squares <- squares + g^2, then to <- to + rate * g / sqrt(squares). Requires: squares
// above 0 (trainers begin at 1e-8, which keeps a first step of g = 0 finite).
using Adapt = void (*)(float* to, float* squares, const float* what, float scale, float rate,
                       std::size_t count) noexcept;

}  // namespace quiver::simd
