// Global scalar quantization: every coordinate is cut into 2^B equal steps over a range that is learned for that
// coordinate on the base and the same for all rows. sq(8): a byte a coordinate; sq(4): half a byte.
//
//   c_i = clip(round((x_i - low_i) / step_i), 0, 2^B - 1),   decoded_i = low_i + step_i c_i
//   |x_i - decoded_i| <= step_i / 2 within the range (and float rounding), else the way to the range's end
//
// Ranges. sq(8): from the smallest to the largest value of the base: nothing of the base is clipped. sq(4): 15 steps
// are dear, so a range is drawn in towards the mean,  [mean - f (mean - min), mean + f (max - mean)],  by the f of 1,
// 0.9, .. 0.3 with the least squared error on a sample (at most 4096 rows, evenly spread); what lies outside is clipped
// to the nearer end. A row added later is clipped the same way: encode it with a wider base if that matters.
//
// Distances are one product with the codes (simd dot_f32_u8, dot_f32_u4); with mid the middles of the ranges:
//
//   L2       |q - mid|^2 - 2 <q - mid, decoded - mid> + |decoded - mid|^2
//   Dot      -<q, decoded>          Cosine   1 - <q, decoded> / (|q| |decoded|);  a zero row stays zero, at distance 1
//
// Row layout: L2: |decoded - mid|^2 f32; Cosine: 1 / |decoded| f32; then the codes (4 bits in the order of
// simd/packed_u4.h). Compared with lvq (a range a row): better where coordinates differ in scale, 8 bytes a row less.
// Cost: fit one pass (sq(4): 8 more over the sample); encode one pass; a distance one pass over dims * B / 8 bytes.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for bits other than 4 and 8, or a metric other than L2, Dot and Cosine.
Result<CoderPtr> uniform_coder(unsigned bits, const Space& space);

}  // namespace quiver
