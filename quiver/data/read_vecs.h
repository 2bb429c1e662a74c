// fvecs, bvecs, ivecs: the TEXMEX formats. Every row is its dimension as an i32, then that many f32, u8 or i32 values,
// little-endian, without a header:
//
//   04 00 00 00 | 00 00 80 3f  00 00 00 40  00 00 40 40  00 00 80 40       one fvecs row: (1, 2, 3, 4)
//
// Readers check the dimension of every row against the first one's, the end of the file, and that values are finite;
// the Error names the row. fvecs and bvecs give a column "vectors", ivecs lists of numbers "neighbors".
// Writers go through FileWriter: the old file stays if anything fails.
//
// Cost: one pass, one copy into aligned rows.
#pragma once
#include <cstdint>
#include <filesystem>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

Result<Items> read_fvecs(const Source& source, const ReadOptions& options);
Result<Items> read_bvecs(const Source& source, const ReadOptions& options);
Result<Items> read_ivecs(const Source& source, const ReadOptions& options);

Result<void> write_fvecs(const std::filesystem::path& path, TypedView rows);  // any element type, as f32
Result<void> write_bvecs(const std::filesystem::path& path, TypedView rows);  // U8 rows; Unsupported for others
Result<void> write_ivecs(const std::filesystem::path& path, View<std::int32_t> values);

}  // namespace quiver
