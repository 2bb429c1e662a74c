// npy: NumPy's array file, format 1.0 to 3.0.
//
//   93 'NUMPY' major minor | header size (u16; u32 from 2.0) | header text | raw values
//   {'descr': '<f4', 'fortran_order': False, 'shape': (1000, 96), }
//
// Read: f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8, bool, in either byte order, C or Fortran order. Two or more dimensions give
// "vectors" (a row is everything behind the first dimension), one gives numbers "value". f4 f2 i1 u1 keep their type,
// f8 is rounded to f32, other integers become f32 and must be exact. Structured and object arrays are Unsupported.
//
// The header is read with a grammar of these three keys, never evaluated; a shape must need exactly the bytes that
// follow.
#pragma once
#include <cstdint>
#include <filesystem>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

inline constexpr std::string_view kNpyMark = "\x93NUMPY";

Result<Items> read_npy(const Source& source, const ReadOptions& options);
// Two dimensions of integers, row-major, with their number of columns; each must fit i32.
Result<std::vector<std::int32_t>> read_npy_integers(const Source& source, std::size_t& cols);

Result<void> write_npy(const std::filesystem::path& path, TypedView rows);  // F32 F16 I8 U8; Unsupported for Bf16, Bit
Result<void> write_npy_integers(const std::filesystem::path& path, View<std::int32_t> values);

}  // namespace quiver
