// Updates: what an index is worth after half of its rows were replaced, beside one built afresh of the same rows.
//
//   QUIVER_TRY(const Json measured, run_updates(base, queries, {.metric = Metric::L2}, run));
//
// The base is parted into three: an index of the first two parts loses the second and gains the third; a fresh one is
// built of the first and the third. Both answer the same queries in turn, in batches on one thread, asked for each
// recall; answers are judged against exact neighbours among the rows that are there. Measured (record.h), for each
// recall asked:
//
//   replaced, fresh    "recall@asked-0.95", "qps@asked-0.95"     queries a CPU second, median of the rounds
//   insert, build      "cpu_us_a_row"                            of the third part; of the fresh index
//
// Thread-safety: one owner. Cost: two builds.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/matrix.h"
#include "quiver/core/run.h"
#include "quiver/simd/element.h"

namespace quiver::bench {

struct UpdatesOptions {
  std::string spec = "graph";
  Metric metric = Metric::L2;
  std::uint32_t k = 10, rounds = 5;
  std::vector<double> recalls = {0.9, 0.95, 0.99};
};
// Errors: InvalidArgument for fewer than 3 rows; of building, adding and removing; Cancelled.
Result<Json> run_updates(MatrixView base, MatrixView queries, const UpdatesOptions& options, Run& run);

}  // namespace quiver::bench
