// Vector files: fvecs, bvecs, ivecs (TEXMEX), npy (NumPy format 1.0 to 3.0), idx (MNIST).
//
//   QUIVER_TRY(Rows base, read_vectors("sift/base.bvecs.gz"));            // any format with vectors, by content and
//   suffix QUIVER_TRY(Integers truth, read_integers("sift/groundtruth.ivecs"));  // neighbours
//   QUIVER_TRY(write_vectors("base.npy", base.view()));                   // written aside, renamed into place
//
//   fvecs  per row: i32 dimension, then that many f32       bvecs: u8       ivecs: i32        little-endian
//   npy    magic, version, header text {'descr', 'fortran_order', 'shape'}, raw values; f4 f8 f2 i1 u1 i4 are read.
//          f4 f2 i1 u1 keep their type; f8 is rounded to f32; i4 becomes f32 and must be exact (|v| <= 2^24).
//   idx    00 00 type dims, big-endian i32 sizes, values; a row is everything behind the first size
//
// Nothing is trusted: every size is checked against the bytes that are there before it is used, and a NaN or infinite
// value is an Error that names row and column. Cost: one pass over the bytes, one copy into aligned rows.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/rows.h"
#include "quiver/data/reader.h"

namespace quiver {

struct Integers {
  std::vector<std::int32_t> values;
  std::size_t rows = 0, cols = 0;
  View<std::int32_t> view() const& { return {values.data(), rows, cols, cols}; }
  View<std::int32_t> view() const&& = delete;
};

Result<Rows> read_vectors(const std::filesystem::path& path, const ReadOptions& options = {});
Result<Integers> read_integers(const std::filesystem::path& path);  // .ivecs, .npy of i4, hdf5 neighbors

// By suffix: .fvecs (any dense rows, as f32), .bvecs (u8 rows), .npy (f32, f16, i8, u8 as they are), .qvr
// (rows_file.h).
Result<void> write_vectors(const std::filesystem::path& path, const Rows& rows);
Result<void> write_integers(const std::filesystem::path& path, View<std::int32_t> values);  // .ivecs, .npy

// The readers of reader.h.
Result<Items> read_fvecs(const Source& source, const ReadOptions& options);
Result<Items> read_bvecs(const Source& source, const ReadOptions& options);
Result<Items> read_ivecs(const Source& source, const ReadOptions& options);
Result<Items> read_npy(const Source& source, const ReadOptions& options);
Result<Items> read_idx(const Source& source, const ReadOptions& options);

}  // namespace quiver
