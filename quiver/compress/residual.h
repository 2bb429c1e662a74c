// Residual quantization: a vector is a sum of centroids, each chosen for what the ones before it left over.
//
//   rq(8)         8 stages of 256 centroids over all coordinates: 8 bytes a row
//   grvq(4,2)     4 groups of coordinates, 2 stages in each: 8 bytes too
//
//   x ~ c_1[i_1] + c_2[i_2] + ...,   i_s = argmin_j |x - c_1[i_1] - .. - c_{s-1}[i_{s-1}] - c_s[j]|^2
//
// rq: Chen, Guan, Wang, "Approximate nearest neighbor search by residual vector quantization", Sensors 2010. The search
// for codes is greedy, stage by stage. grvq: the same in each of several parts of the vector (grouped residual vector
// quantization, as Yang et al. use it for audio codecs, "HiFi-Codec", 2023): one group is rq, one stage is pq, bit for
// bit, and between the two shared memory and work per row fall with the number of groups while accuracy moves from rq's
// to pq's.
//
// Layout and scoring: internal/codebook_coder.h; docs/reference/formats/codes.md. Each stage's centroids are means of
// what they code, so another stage never makes the fitted rows worse in the mean.
// Cost: a row groups * stages bytes (cosine 4 more; l2 4 more where there are two stages or more); shared
// 256 * stages * dims floats; fit k-means per stage on 16384 rows; encode 256 * stages * dims operations a row, a query
// the same; a distance one look-up a byte.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for no stages or more than kMaxStages, groups that are 0 or more than dims, a metric other
// than L2, Dot and Cosine.
Result<CoderPtr> residual_coder(unsigned stages, const Space& space);
Result<CoderPtr> grouped_residual_coder(unsigned groups, unsigned stages, const Space& space);

inline constexpr unsigned kMaxStages = 64;

}  // namespace quiver
