#include "quiver/core/matrix.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "quiver/core/metric.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }
// A row's length in elements so that every row begins on a cache line.
constexpr std::size_t padded_row(std::size_t count, std::size_t element_bytes) {
  return round_up(count * element_bytes, kLine) / element_bytes;
}
// Products that wrap would allocate too little; they can only come from a header that lies.
std::size_t checked_product(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw std::bad_alloc();
  return product;
}
}  // namespace

TypedView typed(MatrixView view) noexcept {
  return {Element::F32,
          {reinterpret_cast<const std::byte*>(view.data), view.rows, view.cols * sizeof(float),
           view.stride * sizeof(float)},
          view.cols};
}

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  const std::size_t alignment = size >= 2 * kHugePage ? kHugePage : kLine;
  const std::size_t padded_size = round_up(size, alignment);
  if (padded_size < size) throw std::bad_alloc();
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, padded_size));
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (alignment == kHugePage) (void)madvise(memory, padded_size, MADV_HUGEPAGE);  // a hint: refusal costs only speed
#endif
  std::memset(memory, 0, padded_size);
  data_.reset(memory);
}
void AlignedBytes::Free::operator()(std::byte* p) const noexcept { std::free(p); }

Matrix::Matrix(std::size_t rows, std::size_t cols)
    : rows_(rows),
      cols_(cols),
      stride_(padded_row(cols, sizeof(float))),
      bytes_(checked_product(checked_product(rows, stride_), sizeof(float))) {}

Matrix Matrix::copy_of(MatrixView view) {
  Matrix copy(view.rows, view.cols);
  for (std::size_t i = 0; i < view.rows && view.cols > 0; ++i) {
    std::memcpy(copy.row(i).data(), view.row(i).data(), view.cols * sizeof(float));
  }
  return copy;
}

TypedMatrix::TypedMatrix(Element element, std::size_t rows, std::size_t dims)
    : element_(element),
      rows_(rows),
      dims_(dims),
      stride_(padded_row(bytes_of(element, dims), 1)),
      bytes_(checked_product(rows, stride_)) {}

Matrix to_float(TypedView rows) {
  Matrix out(rows.rows(), rows.dims);
  const simd::Kernels& k = simd::kernels();
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const std::byte* from = rows.bytes.row(i).data();
    float* to = out.row(i).data();
    switch (rows.element) {
      case Element::F32:
        std::memcpy(to, from, rows.dims * sizeof(float));
        break;
      case Element::F16:
        k.f16_to_f32(reinterpret_cast<const std::uint16_t*>(from), to, rows.dims);
        break;
      case Element::Bf16:
        k.bf16_to_f32(reinterpret_cast<const std::uint16_t*>(from), to, rows.dims);
        break;
      case Element::I8:
        for (std::size_t j = 0; j < rows.dims; ++j) to[j] = static_cast<float>(static_cast<std::int8_t>(from[j]));
        break;
      case Element::U8:
        for (std::size_t j = 0; j < rows.dims; ++j) to[j] = static_cast<float>(from[j]);
        break;
      case Element::Bit:
        for (std::size_t j = 0; j < rows.dims; ++j) {
          to[j] = static_cast<float>((std::to_integer<unsigned>(from[j / 8]) >> (j % 8)) & 1U);
        }
        break;
    }
  }
  return out;
}

namespace {
template <class T>
Result<void> to_integers(std::span<const float> from, std::size_t row, Element element, std::byte* to) {
  constexpr float kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  for (std::size_t j = 0; j < from.size(); ++j) {
    const float rounded = std::nearbyint(from[j]);
    if (!(rounded >= kLow && rounded <= kHigh)) {
      return Error::invalid_argument(fmt::format(
          "converting to {}: row {}, column {} holds {}, outside {} .. {}; scale the rows first or keep f32",
          name_of(element), row, j, from[j], kLow, kHigh));
    }
    to[j] = static_cast<std::byte>(static_cast<T>(rounded));
  }
  return {};
}
}  // namespace

Result<TypedMatrix> to_element(MatrixView rows, Element element) {
  TypedMatrix out(element, rows.rows, rows.cols);
  const simd::Kernels& k = simd::kernels();
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::span<const float> from = rows.row(i);
    std::byte* to = out.row(i);
    switch (element) {
      case Element::F32:
        std::memcpy(to, from.data(), from.size_bytes());
        break;
      case Element::F16:
        k.f32_to_f16(from.data(), reinterpret_cast<std::uint16_t*>(to), from.size());
        break;
      case Element::Bf16:
        k.f32_to_bf16(from.data(), reinterpret_cast<std::uint16_t*>(to), from.size());
        break;
      case Element::I8:
        QUIVER_TRY(to_integers<std::int8_t>(from, i, element, to));
        break;
      case Element::U8:
        QUIVER_TRY(to_integers<std::uint8_t>(from, i, element, to));
        break;
      case Element::Bit:
        for (std::size_t j = 0; j < from.size(); ++j) {
          if (from[j] > 0) to[j / 8] |= static_cast<std::byte>(1U << (j % 8));
        }
        break;
    }
  }
  return out;
}

Result<void> check_finite(MatrixView rows, std::string_view what) {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    // A squared length that is finite has finite terms; one that overflows is looked at closely.
    if (std::isfinite(simd::kernels().squared_norm(rows.row(i).data(), rows.cols))) continue;
    for (std::size_t j = 0; j < rows.cols; ++j) {
      const float x = rows.row(i)[j];
      if (std::isfinite(x)) continue;
      return Error::invalid_argument(fmt::format("{}: row {}, column {} is {}; remove or repair that row", what, i, j,
                                                 std::isnan(x) ? "NaN"
                                                 : x > 0       ? "+infinity"
                                                               : "-infinity"));
    }
  }
  return {};
}

std::size_t normalize_rows(Matrix& rows) {
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    double squares = 0;
    for (const float x : rows.row(i)) squares += static_cast<double>(x) * x;
    if (squares == 0) {
      ++zeros;
      continue;
    }
    const double scale = 1 / std::sqrt(squares);
    for (float& x : rows.row(i)) x = static_cast<float>(x * scale);
  }
  return zeros;
}

}  // namespace quiver
