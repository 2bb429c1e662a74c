#include "quiver/learn/words/learned_rows.h"

#include <algorithm>

namespace quiver::learn {
namespace {
constexpr float kFirstSquare = 1e-8F;
}  // namespace

LearnedRows::LearnedRows(std::size_t rows, std::size_t cols, Descent descent)
    : values_(rows, cols), squares_(descent == Descent::AdaGrad ? rows : 0, cols), kernels_(simd::kernels()) {
  for (std::size_t i = 0; i < squares_.rows(); ++i) std::ranges::fill(squares_.row(i), kFirstSquare);
}

void LearnedRows::fill(float reach, std::uint64_t seed, std::uint64_t stream) {
  for (std::size_t i = 0; i < values_.rows(); ++i) {
    Random random(seed, mix(stream, i));
    for (float& x : values_.row(i)) x = (static_cast<float>(random.uniform()) * 2 - 1) * reach;
  }
}

void LearnedRows::move(std::size_t row, const float* downhill, float rate, float scale) noexcept {
  if (squares_.rows() == 0) {
    kernels_.add_scaled(at(values_, row), downhill, rate * scale, cols());
  } else {
    kernels_.adapt(at(values_, row), at(squares_, row), downhill, scale, rate, cols());
  }
}

void LearnedRows::exchange(std::size_t row, const float* what, float* pull, float error, float rate) noexcept {
  float* to = at(values_, row);
  if (squares_.rows() == 0) {
    kernels_.exchange(to, what, pull, error, error * rate, cols());
  } else {
    kernels_.add_scaled(pull, to, error, cols());
    kernels_.adapt(to, at(squares_, row), what, error, rate, cols());
  }
}

void LearnedRows::products(const float* what, float* out) const noexcept { products(what, nullptr, size(), out); }

void LearnedRows::products(const float* what, const std::uint32_t* rows, std::size_t count, float* out) const noexcept {
  kernels_.distance(Metric::Dot, Element::F32)(what, reinterpret_cast<const std::byte*>(values_.data()),
                                               values_.stride() * sizeof(float), rows, count, cols(), out);
  for (std::size_t i = 0; i < count; ++i) out[i] = -out[i];  // the kernel's are negated
}

}  // namespace quiver::learn
