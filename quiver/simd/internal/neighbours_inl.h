// What every level's neighbour kernels share: tables from values. Compiled under the flags of the file that includes
// it.
#pragma once

#include <cstring>

#include "quiver/simd/neighbours.h"

namespace quiver::simd {
namespace {

// One centroid coordinate a lane; compilers turn the inner loops of 16 into vectors.
inline void neighbour_tables(const float* query, const float* centroids, const std::uint16_t* starts,
                             std::size_t groups, float* values, std::uint8_t* entries, float* scale,
                             float* bias) noexcept {
  float range = 0, sum = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    float* const of_group = values + g * kGroupCentroids;
    float total[kGroupCentroids] = {};
    for (std::size_t i = starts[g]; i < starts[g + 1]; ++i) {
      for (std::size_t c = 0; c < kGroupCentroids; ++c) total[c] += query[i] * centroids[i * kGroupCentroids + c];
    }
    float low = total[0], high = total[0];
    for (std::size_t c = 1; c < kGroupCentroids; ++c) {
      low = total[c] < low ? total[c] : low;
      high = total[c] > high ? total[c] : high;
    }
    for (std::size_t c = 0; c < kGroupCentroids; ++c) of_group[c] = total[c] - low;
    range = high - low > range ? high - low : range;
    sum += low;
  }
  constexpr float kHalf = 0.5F;  // values are not negative, so that cutting off rounds to the nearest
  const float inverse = range > 0 ? 255.0F / range : 0;
  for (std::size_t i = 0; i < groups * kGroupCentroids; ++i) {
    entries[i] = static_cast<std::uint8_t>(values[i] * inverse + kHalf);
  }
  *scale = range / 255.0F;
  *bias = sum;
}

}  // namespace
}  // namespace quiver::simd
