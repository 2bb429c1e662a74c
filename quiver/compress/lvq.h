// Locally-adaptive vector quantization (Aguerrebere, Bhati, Hildebrand, Tepper, Willke, "Similarity search in the blink
// of an eye with compressed indices", VLDB 2023): the mean of the base is subtracted, then every row is quantized
// uniformly between its own smallest and largest coordinate.
//
//   r = x - mean,   scale = (max r - min r) / (2^B - 1),   c_i = round((r_i - min r) / scale),   B = 8 or 4
//   decoded_i = mean_i + min r + scale * c_i                        |x_i - decoded_i| <= scale / 2, plus float rounding
//
// A distance is an affine function of <query, c>, one kernel over the codes, because what depends on the row alone is
// kept beside it and what depends on the query alone is computed once:
//
//   Dot       -( <q, mean> + min r * sum(q) + scale * <q, c> )
//   L2        |q - mean|^2 - 2 ( min r * sum(q - mean) + scale * <q - mean, c> ) + |decoded - mean|^2
//   Cosine    1 - ( the bracket of Dot ) / ( |q| |decoded| );  a zero row is kept as zero, at distance 1
//
// Row layout: scale f32, min f32, then |decoded - mean|^2 (L2) or 1 / |decoded| (Cosine) f32, then the codes (B = 4 in
// the order of simd/packed_u4.h), padded to 4 bytes. Nothing a row keeps depends on other rows but through the mean, so
// rows added later need no new fit. Cost: encode 2 passes over a row; a distance one pass over dims * B / 8 bytes.
// A second level of codes, for what the first rounds away: two_level.h.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for bits other than 4 and 8, or a metric other than L2, Dot and Cosine.
Result<CoderPtr> lvq_coder(unsigned bits, const Space& space);

}  // namespace quiver
