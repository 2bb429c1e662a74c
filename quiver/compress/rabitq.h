// RaBitQ: a few bits a coordinate, and distances that are right on average with a bound on how wrong one may be (Gao,
// Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound for approximate nearest neighbor
// search", SIGMOD 2024; several bits: Gao et al., "Practical and asymptotically optimal quantization of
// high-dimensional vectors", SIGMOD 2025).
//
//   rabitq(1)   sign bits: dims / 8 bytes and two numbers a row;   rabitq(2), rabitq(4), rabitq(8)
//
// With c the mean of the base, P a random rotation and r = P (x - c), a row becomes the grid point
// u_i = code_i - (2^B - 1) / 2 whose direction is near r's, stretched so that its shadow on r is r itself:
//
//   decoded = c + P^T (s u),   s = |r|^2 / <u, r>,   so that   decoded - x  is orthogonal to  x - c
//
//   L2      |q - c|^2 + |x - c|^2 - 2 s <P (q - c), u>         = |q - decoded|^2 - |x - decoded|^2
//   Dot     -<q, c> - s <P q, u>                               = -<q, decoded>
//   Cosine  1 - <q, c> / |q| - s <P q, u> / |q|,  rows scaled to unit length before: decoded is near the unit row
//
// Over the rotations each is an unbiased estimate of the distance to x, not to decoded: L2 takes the known coding error
// |x - decoded|^2 off again, so that rows are not pushed back by it, and can come out below 0; Cosine counts x as of
// length 1, which decoded is not. error_bound() states what that makes of |distance - metric(q, decoded)|.
//
// The bound. The error is 2 <q - c, decoded - x> (L2), and decoded - x has a random direction orthogonal to x - c, so
//
//   |estimate - distance to x| <= rabitq_radius() = 2 epsilon |q - c| |x - decoded| / sqrt(dims - 1)     (Dot, Cosine:
//   half)
//
// fails with a probability that falls as 2 exp(-c0 epsilon^2). kRabitqEpsilon = 3 is meant to hold for 99 % of pairs (a
// normal error: 99.7 %) and is tested to. The paper prunes with 1.9: 94 %, or 97 % as a lower bound only.
//
// For B > 1 the grid is chosen by the best of kRabitqScales stretches of r, not by the papers' enumeration of all.
// The rotation is made of signs and Hadamard transforms (internal/rotation.h): it is not stored but for its seed.
//
// Row layout: s f32; L2: |x - c|^2 f32; codes, for B = 4 in the order of simd/packed_u4.h, else coordinate i in bits
// (i mod 8/B) * B of byte i / (8/B).
// Cost: fit a pass for the mean; encode dims * (8 log2 dims + kRabitqScales); a query the rotation and for B < 4 tables
// of 32 * B * dims entries; a distance dims * B / 8 look-ups (B < 4) or one pass over the codes.
#pragma once
#include "quiver/compress/coder.h"

namespace quiver {

// Errors: InvalidArgument for bits other than 1, 2, 4 and 8, or a metric other than L2, Dot and Cosine.
Result<CoderPtr> rabitq_coder(unsigned bits, const Space& space);

inline constexpr double kRabitqEpsilon = 3;
inline constexpr int kRabitqScales = 12;

// How far a distance may be from that to the row itself. query_length: |q - mean| for L2, |q| for Dot, 1 for Cosine;
// coding_error: |x - decoded|, of the unit row for Cosine.
double rabitq_radius(Metric metric, std::size_t dims, double query_length, double coding_error,
                     double epsilon = kRabitqEpsilon) noexcept;

}  // namespace quiver
