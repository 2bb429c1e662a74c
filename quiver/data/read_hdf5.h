// HDF5 in the layout of ann-benchmarks: matrices "train", "test", "neighbors" and "distances", an attribute "distance".
//
//   part = train, or empty   vectors                          the base set
//   part = test              vectors, neighbors, distances    queries and, as far as they are there, true neighbours
//
// f32 and f64 become F32 rows; u8, i8 and booleans keep a byte a coordinate. The attribute gives the metric: euclidean,
// angular, hamming, dot; `?metric=` overrides it.
//
// The HDF5 library can crash or loop on a damaged file, so it runs in a child process (internal/child.h) and the caller
// gets Corruption. Other Errors: a matrix that is not there (naming those that are), not two-dimensional, of another
// type, larger than the file could hold; NaN or infinity by row and column.
//
// Thread-safety: any number of files at a time.
#pragma once
#include <chrono>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

inline constexpr std::string_view kHdf5Mark = "\x89HDF\r\n\x1A\n";

Result<Items> read_hdf5(const Source& source, const ReadOptions& options);
// The same, with how long the library may go without giving anything (30 seconds above).
Result<Items> read_hdf5_within(const Source& source, const ReadOptions& options, std::chrono::milliseconds silence);

}  // namespace quiver
