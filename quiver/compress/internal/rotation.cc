#include "quiver/compress/internal/rotation.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/core/linalg_double.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
void products_with_rows(const Matrix& rows, std::span<const float> x, float* out) noexcept {
  simd::kernels().distance(Metric::Dot, Element::F32)(x.data(), reinterpret_cast<const std::byte*>(rows.data()),
                                                      rows.stride() * sizeof(float), nullptr, rows.rows(), rows.cols(),
                                                      out);
  for (std::size_t i = 0; i < rows.rows(); ++i) out[i] = -out[i];
}

// The largest sum of |R R^T - I| in a row: at least its spectral norm.
double defect(const Matrix& rows) {
  const DoubleMatrix r = DoubleMatrix::copy_of(rows.view()), gram = product_nt(r, r);
  double worst = 0;
  for (std::size_t i = 0; i < gram.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < gram.cols(); ++j) sum += std::abs(gram.row(i)[j] - (i == j ? 1 : 0));
    worst = std::max(worst, sum);
  }
  return worst;
}

// Its own inverse: (1 / sqrt n) H.
void hadamard(float* x, std::size_t n) noexcept {
  for (std::size_t half = 1; half < n; half *= 2) {
    for (std::size_t i = 0; i < n; i += 2 * half) {
      for (std::size_t j = i; j < i + half; ++j) {
        const float a = x[j], b = x[j + half];
        x[j] = a + b;
        x[j + half] = a - b;
      }
    }
  }
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(n)));
  for (std::size_t i = 0; i < n; ++i) x[i] *= scale;
}
}  // namespace

MatrixRotation::MatrixRotation(Matrix rows) : forward_(std::move(rows)), backward_(transposed(forward_.view())) {
  QUIVER_CHECK(forward_.rows() <= forward_.cols());
  const std::size_t dims = forward_.cols();
  error_ =
      defect(forward_) + std::sqrt(static_cast<double>(dims)) * static_cast<double>(simd::error_ulps(dims)) * 0x1p-24;
}
void MatrixRotation::apply(std::span<const float> x, float* out) const noexcept {
  products_with_rows(forward_, x, out);
}
void MatrixRotation::invert(std::span<const float> y, float* out) const noexcept {
  products_with_rows(backward_, y, out);
}

RandomRotation::RandomRotation(std::size_t dims, std::uint64_t seed)
    : dims_(dims), block_(std::bit_floor(std::max<std::size_t>(dims, 1))), signs_(2 * kRounds * dims) {
  Random random(seed, stream_of("random rotation"));
  for (float& sign : signs_) sign = (random.u32() & 1U) != 0 ? 1.0F : -1.0F;
}

void RandomRotation::apply(std::span<const float> x, float* out) const noexcept {
  std::copy(x.begin(), x.end(), out);
  for (std::size_t half = 0; half < 2 * kRounds; ++half) {
    const float* signs = signs_.data() + half * dims_;
    for (std::size_t j = 0; j < dims_; ++j) out[j] *= signs[j];
    hadamard(half % 2 == 0 ? out : out + (dims_ - block_), block_);
  }
}

void RandomRotation::invert(std::span<const float> y, float* out) const noexcept {
  std::copy(y.begin(), y.end(), out);
  for (std::size_t half = 2 * kRounds; half-- > 0;) {
    hadamard(half % 2 == 0 ? out : out + (dims_ - block_), block_);
    const float* signs = signs_.data() + half * dims_;
    for (std::size_t j = 0; j < dims_; ++j) out[j] *= signs[j];
  }
}

// Every addition rounds to within 2^-24 of its result, and a stage of butterflies keeps lengths but for sqrt 2.
double RandomRotation::error() const noexcept {
  return static_cast<double>(4 * kRounds * (std::bit_width(block_) + 1)) * 0x1p-24;
}

}  // namespace quiver::internal
