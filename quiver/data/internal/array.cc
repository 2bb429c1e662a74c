#include "quiver/data/internal/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "quiver/core/check.h"
#include "quiver/core/matrix.h"

namespace quiver::internal {
namespace {
struct Shape {
  std::size_t rows = 0, cols = 1;
};
Shape shape_of(const Array& array) {
  Shape shape{static_cast<std::size_t>(array.shape.at(0)), 1};
  for (std::size_t i = 1; i < array.shape.size(); ++i) shape.cols *= static_cast<std::size_t>(array.shape[i]);
  return shape;
}

template <class T>
T value_at(const std::byte* at, bool big_endian) {
  std::array<std::byte, sizeof(T)> raw;
  std::memcpy(raw.data(), at, sizeof(T));
  if (big_endian) std::ranges::reverse(raw);
  return std::bit_cast<T>(raw);
}
// Calls f(row, col, value) in row order.
template <class T, class F>
Result<void> each_value(const Array& array, F&& f) {
  const Shape shape = shape_of(array);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t col = 0; col < shape.cols; ++col) {
      const std::size_t at = array.columns_first ? col * shape.rows + row : row * shape.cols + col;
      QUIVER_TRY(f(row, col, value_at<T>(array.bytes.data() + at * sizeof(T), array.big_endian)));
    }
  }
  return {};
}
// Calls f(type tag) for the C++ type of the array; halves come as std::uint16_t and are told apart by the caller.
template <class F>
auto with_type(ArrayType type, F&& f) {
  switch (type) {
    case ArrayType::U8:
      return f(std::uint8_t{});
    case ArrayType::I8:
      return f(std::int8_t{});
    case ArrayType::U16:
    case ArrayType::F16:
      return f(std::uint16_t{});
    case ArrayType::I16:
      return f(std::int16_t{});
    case ArrayType::U32:
      return f(std::uint32_t{});
    case ArrayType::I32:
      return f(std::int32_t{});
    case ArrayType::U64:
      return f(std::uint64_t{});
    case ArrayType::I64:
      return f(std::int64_t{});
    case ArrayType::F32:
      return f(float{});
    case ArrayType::F64:
      break;
  }
  return f(double{});
}

Result<float> as_float(auto value, std::size_t row, std::size_t col) {
  const auto narrowed = static_cast<float>(value);
  if constexpr (std::is_integral_v<decltype(value)>) {
    if (std::cmp_greater(value, 1 << 24) || std::cmp_less(value, -(1 << 24))) {
      return Error::invalid_argument(
          fmt::format("row {}, column {} is {}, which a float vector cannot hold exactly (the limit is 16,777,216)",
                      row, col, value));
    }
  } else if (!std::isfinite(narrowed)) {
    return Error::invalid_argument(fmt::format("row {}, column {} is {}{}: vectors must be finite", row, col, value,
                                               std::isfinite(value) ? ", too large for a float" : ""));
  }
  return narrowed;
}

// The type's own rows: the array's bytes, in row order.
Result<Items> copied_rows(const Array& array, Element element, Metric metric) {
  const Shape shape = shape_of(array);
  const std::size_t size = size_of(array.type);
  TypedMatrix out(element, shape.rows, shape.cols);
  if (!array.columns_first && !array.big_endian) {
    for (std::size_t row = 0; row < shape.rows; ++row) {
      std::memcpy(out.row(row), array.bytes.data() + row * shape.cols * size, shape.cols * size);
    }
  } else {
    QUIVER_TRY(with_type(array.type, [&](auto tag) {
      return each_value<decltype(tag)>(array, [&](std::size_t row, std::size_t col, auto value) -> Result<void> {
        std::memcpy(out.row(row) + col * size, &value, size);
        return {};
      });
    }));
  }
  if (element == Element::F16) QUIVER_TRY(check_finite_halves(out.view(), "vectors"));
  return Items::of("vectors", Rows::dense(std::move(out), Space{.id = {}, .metric = metric, .prefix_of = {}}));
}

Result<Items> float_rows(const Array& array, Metric metric) {
  const Shape shape = shape_of(array);
  Matrix out(shape.rows, shape.cols);
  QUIVER_TRY(with_type(array.type, [&](auto tag) {
    return each_value<decltype(tag)>(array, [&](std::size_t row, std::size_t col, auto value) -> Result<void> {
      QUIVER_TRY(out.row(row)[col], as_float(value, row, col));
      return {};
    });
  }));
  return Items::of("vectors", Rows::dense(std::move(out), Space{.id = {}, .metric = metric, .prefix_of = {}}));
}

Result<Items> number_column(const Array& array, std::string name) {
  if (array.type == ArrayType::F16)
    return Error::unsupported("one-dimensional arrays of halves are not read; store float32");
  std::vector<double> numbers;
  numbers.reserve(shape_of(array).rows);
  QUIVER_TRY(with_type(array.type, [&](auto tag) {
    return each_value<decltype(tag)>(array, [&](std::size_t row, std::size_t, auto value) -> Result<void> {
      const auto number = static_cast<double>(value);
      if (!std::isfinite(number))
        return Error::invalid_argument(fmt::format("value {} is {}: it must be finite", row, number));
      if constexpr (std::is_integral_v<decltype(value)> && sizeof(value) == 8) {
        constexpr double kExact = 0x1p53;
        if (number > kExact || number < -kExact) {
          return Error::invalid_argument(fmt::format("value {} is {}, which a number cannot hold exactly", row, value));
        }
      }
      numbers.push_back(number);
      return {};
    });
  }));
  return Items::of(std::move(name), std::move(numbers));
}
}  // namespace

std::size_t size_of(ArrayType type) noexcept {
  constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
  return kSizes[static_cast<std::size_t>(type)];
}

Result<void> check_counts(std::uint64_t rows, std::uint64_t dims) {
  if (rows == 0) return Error::invalid_argument("the set is empty: it holds no rows");
  if (dims == 0) return Error::invalid_argument("the vectors have dimension 0");
  if (rows >= std::numeric_limits<std::uint32_t>::max()) {
    return Error::invalid_argument(
        fmt::format("it holds {} rows, more than row numbers of 32 bits can count; split it into parts", rows));
  }
  return {};
}

Result<void> check_shape(const Array& array) {
  if (array.shape.empty()) return Error::unsupported("it holds a single value, not rows");
  std::uint64_t cols = 1, values = 0, bytes = 0;
  for (std::size_t i = 1; i < array.shape.size(); ++i) {
    if (__builtin_mul_overflow(cols, array.shape[i], &cols)) return Error::corruption("its shape overflows");
  }
  QUIVER_TRY(check_counts(array.shape[0], cols));
  if (__builtin_mul_overflow(cols, array.shape[0], &values) ||
      __builtin_mul_overflow(values, std::uint64_t{size_of(array.type)}, &bytes) || bytes != array.bytes.size()) {
    return Error::corruption(fmt::format("its shape says {} x {} values of {} bytes, but {} bytes follow the header",
                                         array.shape[0], cols, size_of(array.type), array.bytes.size()));
  }
  return {};
}

Result<Items> array_items(const Array& array, std::string numbers, Metric metric) {
  if (array.shape.size() == 1) return number_column(array, std::move(numbers));
  switch (array.type) {
    case ArrayType::U8:
      return copied_rows(array, Element::U8, metric);
    case ArrayType::I8:
      return copied_rows(array, Element::I8, metric);
    case ArrayType::F16:
      return copied_rows(array, Element::F16, metric);
    default:
      return float_rows(array, metric);
  }
}

Result<std::vector<std::int32_t>> array_integers(const Array& array) {
  std::vector<std::int32_t> out;
  const Shape shape = shape_of(array);
  out.reserve(shape.rows * shape.cols);
  QUIVER_TRY(with_type(array.type, [&](auto tag) -> Result<void> {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T>) {
      if (array.type != ArrayType::F16) {
        return each_value<T>(array, [&](std::size_t row, std::size_t col, T value) -> Result<void> {
          if (!std::in_range<std::int32_t>(value)) {
            return Error::invalid_argument(
                fmt::format("row {}, column {} is {}, which is no 32-bit integer", row, col, value));
          }
          out.push_back(static_cast<std::int32_t>(value));
          return {};
        });
      }
    }
    return Error::invalid_argument("it holds floating-point numbers where integers are needed");
  }));
  return out;
}

Result<void> check_finite_halves(TypedView rows, std::string_view what) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::byte* values = rows.bytes.row(row).data();
    for (std::size_t col = 0; col < rows.dims; ++col) {
      std::uint16_t half;
      std::memcpy(&half, values + 2 * col, 2);
      if ((half & 0x7C00) == 0x7C00) {
        return Error::invalid_argument(fmt::format("{}: row {}, column {} is {}: vectors must be finite", what, row,
                                                   col, (half & 0x3FF) != 0 ? "nan" : "infinite"));
      }
    }
  }
  return {};
}

}  // namespace quiver::internal
