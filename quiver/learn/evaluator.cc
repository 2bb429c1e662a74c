#include "quiver/learn/evaluator.h"

#include <fmt/format.h>

#include "quiver/index/spec.h"
#include "quiver/inspect/ranking_metrics.h"

namespace quiver::learn {
namespace {
constexpr std::uint32_t kDeepest = 100;

Result<RetrievalScores> scores_at(MatrixView queries, MatrixView entries, Metric metric, const Relevance& right,
                                  std::size_t dims, Run& run) {
  const Space space{.dims = dims, .metric = metric};
  QUIVER_TRY(const auto index, build_index(IndexSpec{}, RowsView(entries.prefix(dims)), space, {}, run));
  QUIVER_TRY(const Hits hits, index->search_batch(RowsView(queries.prefix(dims)), {.k = kDeepest}, run));
  const BootstrapOptions bootstrap{.seed = run.seed()};
  return RetrievalScores{dims, bootstrap_mean(reciprocal_rank(hits, right, 10), bootstrap),
                         bootstrap_mean(recall_at(hits, right, 10), bootstrap),
                         bootstrap_mean(recall_at(hits, right, kDeepest), bootstrap)};
}
}  // namespace

Result<std::vector<RetrievalScores>> evaluate_retrieval(const Rows& queries, const Rows& entries,
                                                        std::span<const std::uint32_t> answers,
                                                        std::span<const std::size_t> dims, Run& run) {
  QUIVER_TRY(const std::size_t whole, comparable(queries.space(), entries.space()));
  QUIVER_TRY(const MatrixView left, queries.dense());
  QUIVER_TRY(const MatrixView right, entries.dense());
  if (left.rows != answers.size() || answers.empty()) {
    return Error::invalid_argument(
        fmt::format("evaluating retrieval: {} queries with {} answers; give one answer a query, and at least one",
                    left.rows, answers.size()));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] >= right.rows) {
      return Error::invalid_argument(fmt::format("evaluating retrieval: the answer of query {} is row {} of {} entries",
                                                 i, answers[i], right.rows));
    }
  }
  std::vector<RetrievalScores> all;
  for (const std::size_t length : dims) {
    if (length == 0 || length > whole) {
      return Error::invalid_argument(
          fmt::format("evaluating retrieval at {} dimensions; the vectors have {}", length, whole));
    }
    QUIVER_TRY(all.emplace_back(),
               scores_at(left, right, entries.space().metric, Relevance::single(answers), length, run));
  }
  return all;
}

}  // namespace quiver::learn
