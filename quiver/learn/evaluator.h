// Evaluator: how well vectors find what they should, at every prefix length, with the numbers trec_eval would give.
//
//   QUIVER_TRY(auto scores, evaluate_retrieval(queries, entries, answers, {64, 256}, run));
//   scores[1].mrr_10.mean, scores[1].recall_100.low                     // whole vectors, bootstrap interval
//
// Exact search over all entries (index/flat), one right entry a query. Thread-safety: one Run at a time.
// Cost: one GEMM of queries x entries for each length; the rankings are cut at 100.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"

namespace quiver::learn {

struct RetrievalScores {
  std::size_t dims = 0;  // coordinates compared
  Interval mrr_10, recall_10, recall_100;
};

// answers[i]: the row of `entries` that query i must find. Errors: sizes or spaces that do not agree, a length that is
// 0 or longer than the vectors, no queries.
Result<std::vector<RetrievalScores>> evaluate_retrieval(const Rows& queries, const Rows& entries,
                                                        std::span<const std::uint32_t> answers,
                                                        std::span<const std::size_t> dims, Run& run);

}  // namespace quiver::learn
