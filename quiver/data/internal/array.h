// A raw array as npy and idx files hold it, and its way into Items: a matrix becomes vectors, a single row of values
// numbers. Private to quiver/data.
//
//   u8 -> U8    i8 -> I8    f16 -> F16    f32 -> F32    f64 -> F32, rounded    other integers -> F32, exact or Error
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/metric.h"
#include "quiver/core/result.h"
#include "quiver/data/items.h"

namespace quiver::internal {

enum class ArrayType : std::uint8_t { U8, I8, U16, I16, U32, I32, U64, I64, F16, F32, F64 };
std::size_t size_of(ArrayType type) noexcept;

struct Array {
  ArrayType type = ArrayType::F32;
  bool big_endian = false;
  bool columns_first = false;  // Fortran order
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  // from the first value to the end of the file
};

// Errors: no rows, no columns, a product that overflows, more rows than u32, more or fewer bytes than the shape needs.
Result<void> check_shape(const Array& array);
// Requires for all: check_shape(array). A shape of one number gives a Number column `numbers`, of more a Rows column
// "vectors" whose rows are everything behind the first number. NaN and infinity are an Error naming row and column.
Result<Items> array_items(const Array& array, std::string numbers, Metric metric);
Result<std::vector<std::int32_t>> array_integers(
    const Array& array);  // row-major; the Error names a value that does not fit

// Checks that rows exist and fit, for every reader of vectors.
Result<void> check_counts(std::uint64_t rows, std::uint64_t dims);
// NaN or infinity in half precision rows.
Result<void> check_finite_halves(TypedView rows, std::string_view what);

}  // namespace quiver::internal
