// Product quantization (Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", PAMI 2011): a row is
// cut into m parts, each part becomes the number of the nearest of 256 centroids (or 16) that were learned for it.
//
//   pq(16)      16 parts, a byte each                        pq(32,4)    32 parts, 4 bits each: 16 bytes too
//   opq(16)     the same after a rotation that is learned    opq(32,4)
//
//   x = (x_1 .. x_m),   code_g = argmin_j |x_g - c_{g,j}|^2,   decoded = (c_{1,code_1} .. c_{m,code_m})
//   |q - decoded|^2 = sum_g |q_g - c_{g,code_g}|^2:  m look-ups in tables made once per query
//
// opq (Ge, He, Ke, Sun, "Optimized product quantization", CVPR 2013) rotates rows first, so that the parts are as equal
// in variance and as independent as a rotation makes them. The rotation begins with eigenvectors of the covariance,
// dealt to the parts so that the products of their variances are alike (the paper's parametric solution), and is
// improved by turns: codebooks are learned on rotated rows, then the rotation that carries rows X nearest to what they
// decode to, Y, is U V^T of Y^T X = U S V^T (orthogonal Procrustes).
//
// Layout and scoring: internal/codebook_coder.h; docs/reference/formats/codes.md. pq(m) is grvq(m,1) bit for bit.
// Parts differ by at most one coordinate in width. Rows that were fitted, all of them, decode no further from
// themselves, in the mean, than their mean is; a base of few rows (256 different ones; 16) decodes exactly.
// Cost: a row m bytes or m / 2 (cosine 4 more); shared 256 * dims floats or 16 * dims, opq dims^2 more; fit k-means on
// 16384 rows, opq kTurns of a shorter one and a dims^3 decomposition; encode 256 * dims operations a row, opq dims^2
// more; a query 256 * dims (opq dims^2 more); a distance a look-up a byte. A flat index lays 4-bit codes out in blocks
// of 32 rows, whose distances one shuffle a group bounds from below (internal/block_scorer.h): few are looked up.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for parts that are 0 or more than dims, bits other than 4 and 8, a metric other than L2, Dot
// and Cosine.
Result<CoderPtr> product_coder(unsigned parts, unsigned bits, const Space& space);
Result<CoderPtr> optimized_product_coder(unsigned parts, unsigned bits, const Space& space);

}  // namespace quiver
