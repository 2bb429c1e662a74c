// Intrinsic dimension: in how many directions the data really spread around each point, whatever the length of its
// vectors. The maximum-likelihood estimate of local intrinsic dimensionality (Levina & Bickel, NIPS 2004; Amsaleg et
// al., KDD 2015) from the distances r_1 <= ... <= r_k to the k nearest other rows:
//
//   LID(x) = -1 / ( 1/k * sum over i of ln(r_i / r_k) )
//
// Graph indexes lose recall as it grows (Elliott & Clark, ICTIR 2024): quiver inspect lid says what to expect.
//
//   QUIVER_TRY(IntrinsicDimension id, intrinsic_dimension(rows, {.k = 100, .sample = 10'000}, run));
//   id.mean, id.harmonic_mean, id.quantiles[2] (the median), id.lid[i] of row id.points[i]
//
// Distances are Euclidean; of vectors with metric cosine after scaling them to length 1; manhattan and hamming are
// taken as they are. Neighbours are exact: those a graph finds are biased by the very recall in question. The estimate
// falls short above ten dimensions or so; order and growth stay right. Duplicates have distance 0, which no logarithm
// takes: they are left out and k shrinks for that point. Thread-safety: free functions. Cost: an exact search for every
// point asked about, O(points * rows * dims).
#pragma once
#include <array>
#include <span>
#include <vector>

#include "quiver/core/rows.h"
#include "quiver/core/run.h"

namespace quiver {

// Of ascending distances that are not squared. Zeros are left out. NaN if fewer than two remain or all are equal: then
// the distances say nothing about growth.
double lid_mle(std::span<const double> distances) noexcept;

struct LidOptions {
  std::uint32_t k = 100;
  std::uint32_t sample = 0;  // points drawn without replacement by run.seed(), in rising order; 0: all
};

inline constexpr std::array kLidQuantiles = {0.05, 0.25, 0.5, 0.75, 0.95};

struct IntrinsicDimension {
  std::uint32_t k = 0;
  std::vector<std::uint32_t> points;  // row numbers
  std::vector<double> lid;            // of each point; NaN where undefined
  std::size_t with_duplicates = 0;    // points that have another row at distance 0 among their neighbours
  std::size_t undefined = 0;          // points with a NaN; left out of what follows
  double mean = 0;
  double harmonic_mean = 0;  // 1 / mean(1 / LID): the correction of MacKay and Ghahramani (2005)
  std::array<double, kLidQuantiles.size()> quantiles{};
};

// Errors: Unsupported (not dense), InvalidArgument (k = 0, k above rows - 1, NaN or infinity, duplicates only),
// Cancelled.
Result<IntrinsicDimension> intrinsic_dimension(const Rows& rows, const LidOptions& options, Run& run);

}  // namespace quiver
