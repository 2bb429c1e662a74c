// Truth: the exact neighbours that answers are held against, and how.
//
//   QUIVER_TRY(const Integers truth, exact_rows(base, queries, Metric::L2, 10, nullptr, run));   // (queries, 10)
//   const RecallJudge judge(base, queries, truth.view(), Metric::L2, 10);
//   judge.recall(rows);                                  // of (queries, 10) row numbers, -1 where none was found
//
// The nearest 10 + 32 by float distances are ordered again by distances in double, so that rounding does not decide.
// With a mask only rows it lets through count; where it lets through fewer than k, the rest of a line is -1.
// A found row counts if its distance does not exceed the k-th exact one (by a part in 10^7): of rows equally far any
// will do. A row found twice counts once. Thread-safety: RecallJudge is immutable.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "bench/search/mask.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/data/read_vectors.h"

namespace quiver::bench {

Result<Integers> exact_rows(MatrixView base, MatrixView queries, Metric metric, std::uint32_t k, const Mask* mask,
                            Run& run);

class RecallJudge {
 public:
  // Requires: truth.cols >= k, truth.rows >= queries.rows, every row number below base.rows. Borrows base and queries.
  RecallJudge(MatrixView base, MatrixView queries, View<std::int32_t> truth, Metric metric, std::uint32_t k);
  double recall(std::span<const std::int32_t> found) const;
  // Queries whose given neighbours are not as near as the true ones.
  std::size_t wrong_queries(View<std::int32_t> given) const;

 private:
  std::size_t hits_of(std::size_t query, std::span<const std::int32_t> found) const;
  MatrixView base_, queries_;
  Metric metric_;
  std::uint32_t k_;
  std::vector<double> furthest_;     // the k-th exact distance
  std::vector<std::size_t> wanted_;  // min(k, rows let through)
};

}  // namespace quiver::bench
