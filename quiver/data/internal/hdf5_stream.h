// The child's side of read_hdf5: opens a file with the HDF5 library and sends what is in it as frames.
//
//   Vectors  element, metric, rows, cols, then the rows      Neighbors, Distances  rows, cols, then doubles
//   Failed   code, rows = length of the message, then it     End                   nothing follows
//
// A Failed frame may stand in for any other, but not inside the values of one: those end with the child.
#pragma once
#include <cstdint>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/data/internal/child.h"
#include "quiver/data/reader.h"

namespace quiver::internal {

struct Hdf5Frame {
  enum Kind : std::uint32_t { Failed, Vectors, Neighbors, Distances, End };
  Kind kind = End;
  Code code = Code::Internal;
  Element element = Element::F32;
  Metric metric = Metric::L2;
  std::uint64_t rows = 0, cols = 0;
};

void stream_hdf5(const Source& source, const ReadOptions& options, ChildSink& sink);
// Deflate packs at most 1032 to 1: a matrix that claims more is a damaged header, not a reason to ask for all memory.
bool could_hold(std::uint64_t rows, std::uint64_t cols, std::size_t width, std::size_t file_size) noexcept;

}  // namespace quiver::internal
