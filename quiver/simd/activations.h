// Activations: what stands between the matrix products of a neural network, one row at a time.
//
//   const simd::Kernels& k = simd::kernels();
//   k.activate(Activation::Gelu)(row, bias, count);                    // row <- gelu(row + bias)
//   k.softmax(scores, count);                                         // scores <- exp(scores) / sum of exp(scores)
//   k.layer_norm(row, scale, shift, count, 1e-12f, row);               // from == to is allowed
//
// Gelu is x Phi(x), Phi the normal distribution function, by erfc(z) = (a1 t + ... + a5 t^5) exp(-z^2), t = 1 / (1 +
// pz) (Abramowitz and Stegun, 7.1.26); exp(x) = 2^n e^r with |r| <= ln 2 / 2 and seven terms of its series. Requires:
// finite values. Accuracy: exp within 4e-7 of its value between -87 and 88, beyond which it stays what it is there;
// Gelu within 4e-7 |x|, the others within 1e-6 of max(1, |result|). Levels differ by no more than that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::simd {

enum class Activation : std::uint8_t { Gelu, GeluTanh, Relu, Silu, Tanh };
inline constexpr std::size_t kActivations = 5;

// row <- f(row + bias). `bias` may be null.
using Activate = void (*)(float* row, const float* bias, std::size_t count) noexcept;
// row <- exp(row - m) / sum of exp(row - m), m the largest of the row. Nothing for count 0.
using Softmax = void (*)(float* row, std::size_t count) noexcept;
// Layer norm: to <- (from - mean) / sqrt(variance + epsilon) * scale + shift; RMS norm: to <- from / sqrt(mean square +
// epsilon) * scale + shift. `shift` may be null.
using NormalizeRow = void (*)(const float* from, const float* scale, const float* shift, std::size_t count,
                              float epsilon, float* to) noexcept;
// to <- to + what, to <- to * what.
using Combine = void (*)(float* to, const float* what, std::size_t count) noexcept;

}  // namespace quiver::simd
