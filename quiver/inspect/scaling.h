// Scaling: what one index costs over one set of rows: to build, to keep, and to ask at several recalls, beside an exact
// scan of the same rows in the same run. Measured at several sizes it becomes a growth (growth.h).
//
//   QUIVER_TRY(ScalingPoint point, measure_scaling(base, queries, {.spec = "graph"}, run));
//   point.walk_at(0.95, &SearchCost::distances)      // of a query at recall .95, between the efforts measured
//
// Hops, distances and bytes are counted by the index (SearchStats) and are the same on every machine; seconds are CPU
// time of this process, the least of several rounds in which index and scan take turns. Recall is measured on the
// queries given, against the scan. Cost: one build, one exact search and `repeats` searches per recall asked for.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"

namespace quiver {

struct ScalingOptions {
  std::string spec = "graph";
  std::uint32_t k = 10;
  std::vector<double> asked = {0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999};  // recalls
  unsigned repeats = 3;
  std::size_t one_by_one = 200;  // queries that are also asked one after another
};

// Of one query, on the average.
struct SearchCost {
  double asked = 0;   // recall; 0: exact
  Interval recall{};  // bootstrap over queries
  double hops = 0, distances = 0, bytes = 0;
  double seconds = 0, alone_seconds = 0;  // in one batch; one query after another
};

struct ScalingPoint {
  std::size_t rows = 0, dims = 0, queries = 0;
  std::string spec{};        // as built
  double build_seconds = 0;  // CPU
  double bytes = 0;          // of the index, a row
  std::vector<SearchCost> walks{};
  SearchCost scan{};  // exact, over floats

  // The cost at exactly this recall, between the efforts measured; NaN if they do not surround it.
  double walk_at(double recall, double SearchCost::*cost) const;
};

// Errors: of build_index() and search_batch(); Cancelled.
Result<ScalingPoint> measure_scaling(const Rows& base, const Rows& queries, const ScalingOptions& options, Run& run);

// How many dims a sphere within `outer` dims must have for `rows` of its rows (data/inner_sphere.h) to measure as much
// local intrinsic dimension as other data did at that number of rows: the nearest whole number, by bisection.
// Requires: outer > 2. Errors: of intrinsic_dimension(): more than 100 rows are needed.
struct MatchedSphere {
  std::size_t inner = 0;
  double lid = 0;  // measured, of the matched rows
};
Result<MatchedSphere> match_lid(double lid, std::size_t rows, std::size_t outer, Run& run);

}  // namespace quiver
