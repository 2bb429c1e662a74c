// LeanVec: projections learned from a sample of the queries, for queries whose distribution is not that of the rows
// (Tepper, Bhati, Aguerrebere, Hildebrand, Willke, "LeanVec: Searching vectors faster by making them fit", TMLR 2024,
// arXiv 2312.16335; sphering: Tepper & Willke, GleanVec, arXiv 2410.22347). Find A, B with orthonormal columns so that
// <A^T q, B^T x> comes near <q, x>:
//
//   L(A, B) = E (<A^T q, B^T x> - <q, x>)^2 over all pairs, with K_Q = E q q^T, K_X = E x x^T
//           = Tr(A^T K_Q A B^T K_X B) - 2 Tr(K_Q A B^T K_X) + Tr(K_Q K_X)
//   dL/dA   = 2 (K_Q A B^T K_X B - K_Q K_X B)          dL/dB = 2 (K_X B A^T K_Q A - K_X K_Q A)
//
//   ProductMoments moments{k_q, k_x};                                        // (from, from): all that is needed
//   QUIVER_TRY(LeanVecMaps maps, eigenvector_search(moments, 96, run));
//   QUIVER_TRY(maps, frank_wolfe(moments, std::move(maps), {}, run));        // never above the loss it starts from
//
// Maps are kept transposed, (dims, from), as Projection applies them. All in double: the three terms of L cancel.
// Frank-Wolfe works on the convex hull {spectral norm <= 1} of the orthonormal maps, so its answer may have singular
// values below 1; making it orthonormal again would change L and is not done.
// Thread-safety: pure functions. Cost for n = from: search two decompositions of n x n (ten where
// dims is above n / 8); Frank-Wolfe four products
// n * n * dims and two singular value decompositions n x dims a step; sphering two decompositions.
#pragma once
#include <vector>

#include "quiver/core/linalg_double.h"
#include "quiver/core/run.h"

namespace quiver {

struct ProductMoments {
  DoubleMatrix queries, rows;  // K_Q, K_X: symmetric, (from, from)
};
struct LeanVecMaps {
  DoubleMatrix a, b;           // A^T for queries, B^T for rows, (dims, from)
  std::vector<double> losses;  // of each step of the method, in order
  double beta = 1;             // of eigenvector search: the weight of K_X
};
struct LeanVecGradients {
  DoubleMatrix a, b;  // transposed like the maps
};

double leanvec_loss(const ProductMoments& moments, const DoubleMatrix& a, const DoubleMatrix& b);
LeanVecGradients leanvec_gradients(const ProductMoments& moments, const DoubleMatrix& a, const DoubleMatrix& b);

// A = B = the first eigenvectors of (1 - beta) K_Q / Tr K_Q + beta K_X / Tr K_X; beta by golden section between the
// neighbours of the best of five. beta = 1 is PCA and is always among those tried, so the loss is never above PCA's.
// Where 8 * dims <= from, eigenvectors are sought among combinations of the first 2 * dims of K_X and of K_Q alone.
Result<LeanVecMaps> eigenvector_search(const ProductMoments& moments, std::size_t dims, Run& run);

struct FrankWolfeOptions {
  // Schedule: step t goes the part 1 / (t + 1)^alpha of the way, as in the paper. LineSearch: as far as the loss falls,
  // which is known exactly, because L is a parabola along a step of one map.
  enum class Step : std::uint8_t { Schedule, LineSearch };
  Step step = Step::LineSearch;
  double alpha = 0.999;
  unsigned steps = 500;
  double tolerance = 1e-3;  // ends when a step changes the loss by less than this part of it
};
// Block-coordinate Frank-Wolfe from `start` (the paper begins at zero maps): a step to the best corner U V^T of
// -dL/dA = U S V^T, then the same for B with the new A.
Result<LeanVecMaps> frank_wolfe(const ProductMoments& moments, LeanVecMaps start, const FrankWolfeOptions& options,
                                Run& run);
LeanVecMaps zero_maps(std::size_t dims, std::size_t from);

// W = (K_Q + ridge)^1/2, P = the first eigenvectors of W K_X W: rows map by P^T W, queries by P^T W^-1. Minimises
// E (<z, y> - <q, x>)^2 over all linear maps, orthonormal or not. Exact at dims = from. Keeps products, not lengths.
Result<LeanVecMaps> sphering(const ProductMoments& moments, std::size_t dims, Run& run);

// The same products, with coordinates of mapped rows uncorrelated and their variances falling; gives the variances.
Result<std::vector<double>> rotate_to_rows(const ProductMoments& moments, LeanVecMaps& maps);

}  // namespace quiver
