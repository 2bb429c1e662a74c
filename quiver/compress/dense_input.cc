#include "quiver/compress/dense_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "quiver/core/metric.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
bool is_half(Element element) { return element == Element::F16 || element == Element::Bf16; }

Result<void> check_halves(const TypedView& rows, std::string_view what) {
  std::vector<float> row(rows.dims);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    widen(rows.element, rows.bytes.row(i).data(), rows.dims, row.data());
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (std::isfinite(row[j])) continue;
      return Error::invalid_argument(
          fmt::format("{}: row {}, column {} is {}; remove or repair that row", what, i, j, row[j]));
    }
  }
  return {};
}
}  // namespace

Result<DenseInput> DenseInput::of(const RowsView& rows, std::size_t dims, std::size_t held, std::string_view what) {
  TypedView dense;
  if (const auto* matrix = std::get_if<MatrixView>(&rows)) {
    dense = quiver::typed(*matrix);
  } else if (const auto* view = std::get_if<TypedView>(&rows)) {
    dense = *view;
  } else {
    return Error::unsupported(fmt::format("{}: takes dense rows, these are {}", what, name_of(form_of(rows))));
  }
  if (dense.dims != dims) {
    return Error::invalid_argument(
        fmt::format("{}: rows have {} dims, the space has {}; check which model and prefix length made them", what,
                    dense.dims, dims));
  }
  if (dense.rows() > kMaxRows - held) {
    return Error::invalid_argument(
        fmt::format("{}: {} rows on top of {} are more than 2^32 - 1; split them", what, dense.rows(), held));
  }
  if (const auto* matrix = std::get_if<MatrixView>(&rows)) QUIVER_TRY(check_finite(*matrix, what));
  if (dense.element == Element::F32 && !std::holds_alternative<MatrixView>(rows)) {
    QUIVER_TRY(check_finite({reinterpret_cast<const float*>(dense.bytes.data), dense.rows(), dense.dims,
                             dense.bytes.stride / sizeof(float)},
                            what));
  }
  if (is_half(dense.element)) QUIVER_TRY(check_halves(dense, what));
  return DenseInput(dense);
}

MatrixView DenseInput::floats(std::size_t first, std::size_t count, Matrix& scratch) const {
  if (rows_.element == Element::F32) {
    return {reinterpret_cast<const float*>(rows_.bytes.data) + first * (rows_.bytes.stride / sizeof(float)), count,
            rows_.dims, rows_.bytes.stride / sizeof(float)};
  }
  if (scratch.rows() < count || scratch.cols() != rows_.dims) scratch = Matrix(count, rows_.dims);
  for (std::size_t i = 0; i < count; ++i) {
    widen(rows_.element, rows_.bytes.row(first + i).data(), rows_.dims, scratch.row(i).data());
  }
  return scratch.view().slice(0, count);
}

void widen(Element element, const std::byte* row, std::size_t dims, float* out) noexcept {
  const simd::Kernels& k = simd::kernels();
  switch (element) {
    case Element::F32:
      std::memcpy(out, row, dims * sizeof(float));
      return;
    case Element::F16:
      k.f16_to_f32(reinterpret_cast<const std::uint16_t*>(row), out, dims);
      return;
    case Element::Bf16:
      k.bf16_to_f32(reinterpret_cast<const std::uint16_t*>(row), out, dims);
      return;
    case Element::I8:
      for (std::size_t j = 0; j < dims; ++j) out[j] = static_cast<float>(static_cast<std::int8_t>(row[j]));
      return;
    case Element::U8:
      for (std::size_t j = 0; j < dims; ++j) out[j] = static_cast<float>(row[j]);
      return;
    case Element::Bit:
      for (std::size_t j = 0; j < dims; ++j) {
        out[j] = static_cast<float>(std::to_integer<unsigned>(row[j / 8] >> (j % 8)) & 1U);
      }
      return;
  }
}

}  // namespace quiver
