// Which levels an inverted file has (ivf_levels.h), by trying: searches for held-out rows, or for the queries given,
// with every slack and number of candidates, against the exact neighbours by the finest codes. Cost: an exact scan for
// kTrialQueries queries and about twenty probes of each.
#pragma once
#include "quiver/index/internal/ivf_levels.h"
#include "quiver/index/internal/ivf_parts.h"

namespace quiver::internal {

// Queries are the sample's, or rows of `base`, of which each forgets itself. Errors: NaN in the sample, Cancelled.
Result<IvfLevels> calibrate_ivf(const IvfParts& parts, const DenseInput& base, MatrixView sample_queries, Run& run);

}  // namespace quiver::internal
