// Which of many near rows become neighbours: one in every direction, closest first, so that a walk can leave to any
// side (the rule of relative neighbourhood graphs: Toussaint 1980; Arya & Mount 1993; robust pruning with slack:
// DiskANN, 2019).
//
//   c is passed over if a chosen s has   slack * |s - c|^2 < |v - c|^2
//
// Places that stay free are filled with the closest that were passed over: a block of 32 codes costs the same, full or
// not. Thread-safety: scratch has one owner. Cost: at most `most` blocks of distances over the candidates still in
// question.
#pragma once
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/top_k.h"

namespace quiver::internal {

struct PruneScratch {
  std::vector<std::uint32_t> open, rows;
  std::vector<float> distances;
  std::vector<std::uint8_t> passed;
};

// candidates: rows, each once and never v itself, with their squared distances to v, in any order; they are sorted.
// out: at most `most` rows.
void prune(MatrixView points, std::vector<Hit>& candidates, std::size_t most, float slack, PruneScratch& scratch,
           std::vector<std::uint32_t>& out);

}  // namespace quiver::internal
