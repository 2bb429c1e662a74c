// How far a distance computed in float may be from the exact one (the Accuracy section of simd/kernels.h), given the
// lengths of the two vectors.
#pragma once
#include <cfloat>
#include <cmath>

#include "quiver/simd/kernels.h"

namespace quiver::internal {

// A squared length that float arithmetic keeps to full precision. A row or query outside has no error bound for cosine.
inline bool squarable(double norm) noexcept { return norm == 0 || (norm > 1e-15 && norm < 1e15); }

inline double kernel_error(Metric metric, std::size_t dims, double query_norm, double shortest,
                           double longest) noexcept {
  const double unit = static_cast<double>(simd::error_ulps(dims)) * 0x1p-24;
  const double tiny = static_cast<double>(dims) * FLT_MIN;  // what underflow may take from each term
  const double both = query_norm + longest;
  switch (metric) {
    case Metric::L2:
      return unit * both * both + tiny;
    case Metric::Dot:
      return unit * query_norm * longest + tiny;
    case Metric::Cosine:
      return squarable(query_norm) && squarable(shortest) && squarable(longest) ? 2 * unit : HUGE_VAL;
    case Metric::Manhattan:
      return unit * std::sqrt(static_cast<double>(dims)) * both + tiny;
    case Metric::Hamming:
      return 0x1p-24 * static_cast<double>(dims);
  }
  return HUGE_VAL;
}

}  // namespace quiver::internal
