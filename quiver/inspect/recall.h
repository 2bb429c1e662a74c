// Recall audit: how much of the exact answer an index finds on a sample of queries, with an interval.
//
//   QUIVER_TRY(Recall recall, audit_recall(*index, exact, queries, {.k = 10, .sample = 1000}, run));
//   recall.at_k.mean, recall.at_k.low, recall.at_k.high         // bootstrap over queries
//
// Matching is by distance, not by row (tie_tolerant_recall, index/ground_truth.h): a returned row whose exact distance
// does not exceed the k-th exact distance counts, so equal distances never speak against an index. The exact distance
// of every returned row is computed again by `exact`: codes only estimate it.
#pragma once
#include "quiver/core/statistics.h"
#include "quiver/index/index.h"

namespace quiver {

struct RecallOptions {
  std::uint32_t k = 10;
  std::uint32_t sample = 1000;  // queries drawn without replacement, by run.seed(); 0: all
  SearchParams params = {};     // how the audited index is asked; k is taken from above
};

struct Recall {
  std::uint32_t k = 0;
  std::size_t queries = 0;
  Interval at_k;      // mean over queries of hits / min(k, rows); bootstrap 95 %
  Interval complete;  // part of the queries answered without any miss; Wilson 95 %
  std::vector<double> per_query;
};

// `exact` holds the same rows and answers exactly ("flat"). Errors: different sizes or spaces, empty queries,
// Cancelled.
Result<Recall> audit_recall(const Index& index, const Index& exact, const RowsView& queries,
                            const RecallOptions& options, Run& run);

}  // namespace quiver
