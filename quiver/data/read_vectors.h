// Vectors from files and into files, whatever their format.
//
//   QUIVER_TRY(Rows base, read_vectors("base.bvecs.gz"));               // any format that holds vectors
//   QUIVER_TRY(Integers truth, read_integers("groundtruth.ivecs"));     // true neighbours
//   QUIVER_TRY(write_vectors("base.npy", base));                        // written aside, renamed into place
//
// The formats are a file each: read_vecs.h (fvecs, bvecs, ivecs), read_npy.h, read_idx.h, read_hdf5.h, rows_file.h.
//
// Nothing is trusted: every size is checked against the bytes that are there before it is used, and a NaN or infinite
// value is an Error that names row and column.
//
// Cost: one pass over the bytes, one copy into aligned rows (.qvr: none).
#pragma once
#include <cstdint>
#include <filesystem>
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

// The one column of vectors that the file holds.
Result<Rows> read_vectors(const std::filesystem::path& path, const ReadOptions& options = {});
// Rows of integers of one length: .ivecs, .npy of integers, neighbors of an HDF5 file.
Result<Integers> read_integers(const std::filesystem::path& path);

// By suffix: .fvecs (any dense rows, as f32), .bvecs (u8 rows), .npy (f32, f16, i8, u8 as they are), .qvr (all).
Result<void> write_vectors(const std::filesystem::path& path, const Rows& rows);
Result<void> write_integers(const std::filesystem::path& path, View<std::int32_t> values);  // .ivecs, .npy

}  // namespace quiver
