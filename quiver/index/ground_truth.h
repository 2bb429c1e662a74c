// Ground truth: the exact neighbours of a set of queries, kept in a file beside the data so that recall is measured
// against the same answer every time.
//
//   QUIVER_TRY(GroundTruth truth, exact_neighbours(base, queries, 100, run));     // Rows in comparable spaces
//   QUIVER_TRY(truth.save("words.qvg"));  QUIVER_TRY(auto again, GroundTruth::open("words.qvg"));
//   double recall = truth.recall(hits, 10);                                       // of any searcher's hits
//
// Recall is by distance: with ties at the k-th place any of the tied rows counts, because the distances of the hits are
// compared with the k-th exact one. A found row that is not among the exact k therefore counts if its distance is not
// above; approximate distances must be re-computed before (inspect/recall does that).
// File: container of kind "truth": sections "truth" (JSON: queries, k), "counts" u32, "rows" u32, "distances" f32.
#pragma once
#include "quiver/index/index.h"

namespace quiver {

struct GroundTruth {
  Hits hits;
  static Result<GroundTruth> open(const std::filesystem::path& path);
  Result<void> save(const std::filesystem::path& path) const;
  double recall(const Hits& found, std::uint32_t k) const;  // mean over queries; 1 when there is nothing to find
  std::vector<double> recall_per_query(const Hits& found, std::uint32_t k) const;
  // By row numbers, for hits whose distances are estimates of codes. A row tied with the k-th counts if the truth holds
  // it: keep some more than k.
  std::vector<double> recall_by_rows(const Hits& found, std::uint32_t k) const;
};

// Errors: of comparable(), of build_index() and search_batch().
Result<GroundTruth> exact_neighbours(const Rows& base, const Rows& queries, std::uint32_t k, Run& run);

// Of one query: the part of the first k `truth` hits that the first k of `found` has. Requires: `found` carries exact
// distances. 1 if truth is empty.
double tie_tolerant_recall(std::span<const Hit> truth, std::span<const Hit> found, std::uint32_t k) noexcept;

}  // namespace quiver
