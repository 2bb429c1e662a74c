// Residual quantization: a vector is a sum of centroids, each chosen for what the ones before it left over.
//
//   rq(8)         8 stages of 256 centroids over all coordinates: 8 bytes a row
//   grvq(4,2)     4 groups of coordinates, 2 stages in each: 8 bytes too
//
//   x ~ c_1[i_1] + c_2[i_2] + ...,   each i_s chosen for what x - c_1[i_1] - .. - c_{s-1}[i_{s-1}] leaves
//
// rq: Chen, Guan, Wang, "Approximate nearest neighbor search by residual vector quantization", Sensors 2010. Codebooks
// are learned stage by stage on what the nearest centroids before leave; codes are searched by a beam of kBeam, as
// Babenko and Lempitsky do for sums of codebooks ("Additive quantization", CVPR 2014), never worse than stage by stage.
// grvq: the same in each of several parts of the vector (grouped residual vector quantization, as Yang et al. use it
// for audio codecs, "HiFi-Codec", 2023): one group is rq, one stage is pq, bit for bit, and between the two shared
// memory and work per row fall with the number of groups while accuracy moves from rq's to pq's.
//
// Layout and scoring: internal/codebook_coder.h; docs/reference/formats/codes.md. Each stage's centroids are means of
// what they code, so another stage never makes the fitted rows worse in the mean. With many stages the last codebooks
// code what is nearly noise: rows that were not fitted gain less.
// Cost: a row groups * stages bytes (cosine 4 more; l2 4 more where there are two stages or more); shared
// 256 * stages * dims floats; fit k-means per stage on up to 65536 rows; encode kBeam * 256 * stages * dims operations
// a row, a query 256 * stages * dims; a distance one look-up a byte.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for no stages or more than 64, groups that are 0 or more than dims, a metric other
// than L2, Dot and Cosine.
Result<CoderPtr> residual_coder(unsigned stages, const Space& space);
Result<CoderPtr> grouped_residual_coder(unsigned groups, unsigned stages, const Space& space);

}  // namespace quiver
