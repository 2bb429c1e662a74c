// Binary codes: one bit a coordinate, distances by counting the bits that differ.
//
//   binary      bit i: is x_i above the mean of its coordinate
//   itq         the same after a rotation that is learned, "iterative quantization";   itq(128): 128 bits of the first
//   128
//               principal directions
//
//   y = W (x - c),   bit_i = [y_i > 0],   decoded = c + a W^T s,   s_i = +1 or -1,   a = the mean |y_i| of the base
//
// c is the mean of the base, and for Dot 0. W is the identity or, for itq (Gong, Lazebnik, Gordo, Perronnin, "Iterative
// quantization: a Procrustean approach to learning binary codes", PAMI 2013), R V: V the first eigenvectors of the
// covariance, R the rotation that is found by turns: bits B of the rotated rows Z R^T, then R = U V^T of B^T Z.
//
// The query becomes bits too. With H the number of bits that differ, the distance is exactly the metric's between the
// decoded query and the decoded row:
//
//   L2       4 a^2 H             Dot   -a^2 (bits - 2 H)
//   Cosine   2 a^2 H: half the squared distance, rows and query scaled to unit length before
//
// So this is an order, not a measurement: all that a query has lost with its bits, |q - decoded q|, is in
// error_bound(), which is finite and wide. Rank candidates again by finer codes. A row of zeros is not kept apart in a
// cosine space; a query of zeros is at distance 1 from everything. Dot knows no lengths: rows of very different lengths
// need another quantizer.
//
// Row layout: bit i in bit i mod 8 of byte i / 8.
// Cost: bits / 8 bytes a row (rounded up to 4); encode dims, itq bits * dims operations; a distance one Hamming kernel;
// fit a pass, itq kItqTurns products of kItqRows * bits^2 and decompositions of bits x bits.
#pragma once
#include <optional>

#include "quiver/compress/coder.h"

namespace quiver {

inline constexpr std::size_t kItqTurns = 20, kItqRows = 8192;

// Errors: InvalidArgument for a metric other than L2, Dot and Cosine; bits that are 0 or more than dims.
Result<CoderPtr> binary_coder(const Space& space);
Result<CoderPtr> itq_coder(std::optional<unsigned> bits, const Space& space);  // no bits: as many as dims

}  // namespace quiver
