// Threads: what a second thread is worth. Batches are searched on one thread and on several in turn, by wall clock.
//
//   QUIVER_TRY(const Json run, run_threads(index, queries, {.recall = 0.95, .threads = {1, 2}, .rounds = 5}, run));
//
// Each turn searches whole batches for at least `turn_seconds`. The answers of all thread counts are compared first:
// they are the same, hit by hit. Measured are arms "1 thread", "2 threads", ... with metric "wall_qps@0.95".
// On a machine that does other work the ratio is a lower bound. Thread-safety: one owner.
#pragma once
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/run.h"
#include "quiver/index/index.h"

namespace quiver::bench {

struct ThreadsOptions {
  std::uint32_t k = 10;
  double recall = 0.95, turn_seconds = 0.3;
  std::vector<unsigned> threads = {1, 2};
  std::uint32_t rounds = 5;
};
// The measured list (record.h). Errors: Internal when thread counts disagree about a hit; of search_batch.
Result<Json> run_threads(const Index& index, MatrixView queries, const ThreadsOptions& options, Run& run);

}  // namespace quiver::bench
