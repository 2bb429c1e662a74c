// layout_2d: a map of vectors in the plane on which neighbours stay neighbours.
//
//   QUIVER_TRY(Matrix points, layout_2d(vectors, Metric::Cosine, {.seed = 7}, run));     // (n, 2)
//   double kept = neighbours_kept(vectors, Metric::Cosine, points.view(), 15, run);      // part of 15-NN kept, 0 .. 1
//
// Method: exact k-nearest-neighbour graph (flat batch search), edge weights as in UMAP (McInnes, Healy, Melville 2018):
//
//   p(j | i) = exp(-(d_ij - d_i1) / sigma_i), sigma_i so that a row's weights sum to log2 k;  w = p + p' - p p'
//
// Start from the two leading principal directions, then stochastic gradient descent on the edges with negative sampling
// (as LargeVis, Tang et al. 2016): an edge attracts along q = 1 / (1 + a d^2b), a few random points repel. a = 1.577
// and b = 0.895 let points of one neighbourhood come as close as 0.1.
//
// Deterministic for a seed, whatever the number of threads: the descent itself is one thread.
//
// Cost: O(n^2 dims) for the graph at GEMM speed, then epochs * n * k * (1 + negatives) steps: about 10 s for 10,000
// rows.
#pragma once
#include <cstdint>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/simd/element.h"

namespace quiver {

struct LayoutOptions {
  std::uint64_t seed = 1;
  std::uint32_t neighbours = 15;
  std::uint32_t epochs = 300;
  std::uint32_t negatives = 5;
};

// Errors: InvalidArgument (NaN or infinity), Cancelled. No rows give no points; one row gives the origin.
Result<Matrix> layout_2d(MatrixView vectors, Metric metric, const LayoutOptions& options, Run& run);

// Mean over rows of the part of the k nearest rows in `vectors` that are among the k nearest in `points`.
Result<double> neighbours_kept(MatrixView vectors, Metric metric, MatrixView points, std::uint32_t k, Run& run);

}  // namespace quiver
