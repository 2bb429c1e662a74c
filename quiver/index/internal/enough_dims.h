// How many leading principal components keep the neighbours of rows: measured, not assumed.
//
//   QUIVER_TRY(EnoughDims found, enough_dims(Metric::L2, rows, as_query, /*rest=*/true, run));
//   found.dims                                   // a multiple of 16, or all
//   found.basis->slice(0, found.dims)            // the components themselves
//
// Some rows serve as queries against a sample of the rows; the fewest dims win by which 199 of 200 of their true ten
// nearest are among the best twenty. From 64 dims on twice as many are tried, then half way between what was too few
// and what was enough. A distance by more dims is one by fewer plus what the others add, so no coordinate is counted
// twice on the way up. Cost: 200 distances to each of 20,000 rows and the decomposition of their covariance.
#pragma once
#include <functional>
#include <optional>

#include "quiver/compress/projection.h"

namespace quiver::internal {

struct EnoughDims {
  std::size_t dims = 0;
  std::optional<Projection> basis;  // all components, of rows not fewer than dims; none where there are few of them
};

// Between what a projection leaves of a query and of a near row.
inline constexpr float kAlike = 0.5F;

// as_query turns a row into what a search for it would look for. rest: one of the dims is the length of what the others
// leave of a row, and kAlike times that of a query. metric: L2, or Dot, whose components are those of rows as they are,
// about no mean. Errors: of fit_projection(), Cancelled.
Result<EnoughDims> enough_dims(Metric metric, MatrixView base, const std::function<void(std::span<float>)>& as_query,
                               bool rest, Run& run);

}  // namespace quiver::internal
