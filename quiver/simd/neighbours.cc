// The reference for neighbour blocks: what the faster levels must equal bit for bit.
#include "quiver/simd/neighbours.h"

#include <cstring>

#include "quiver/simd/internal/keep_below_inl.h"
#include "quiver/simd/internal/levels.h"

namespace quiver::simd {
namespace {

std::uint32_t neighbour_scan(const std::byte* block, const NeighbourTables& tables, float base, float below,
                             float* out) noexcept {
  std::uint32_t sums[kBlockNeighbours] = {};
  for (std::size_t g = 0; g < tables.groups; ++g) {
    const std::uint8_t* entries = tables.entries + g * kGroupCentroids;
    for (std::size_t j = 0; j < kGroupCentroids; ++j) {
      const auto both = std::to_integer<unsigned>(block[g * 16 + j]);
      sums[j] += entries[both & 15u];
      sums[j + 16] += entries[both >> 4];
    }
  }
  std::uint16_t halves[2 * kBlockNeighbours];
  float floats[2 * kBlockNeighbours];
  std::memcpy(halves, block + block_offsets_at(tables.groups), sizeof halves);
  kernels_at(Level::Scalar)->f16_to_f32(halves, floats, 2 * kBlockNeighbours);
  std::uint32_t closer = 0;
  for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
    const float dot = static_cast<float>(sums[j]) * tables.scale + tables.bias;
    out[j] = (base + floats[j]) + floats[kBlockNeighbours + j] * dot;
    closer |= static_cast<std::uint32_t>(out[j] < below) << j;
  }
  return closer;
}

void nearest_codes(const float* values, const float* half_norms, std::size_t groups, std::uint8_t* codes) noexcept {
  for (std::size_t g = 0; g < groups; ++g, values += kGroupCentroids, half_norms += kGroupCentroids) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < kGroupCentroids; ++c) {
      best = values[c] - half_norms[c] > values[best] - half_norms[best] ? c : best;
    }
    codes[g] = static_cast<std::uint8_t>(best);
  }
}

}  // namespace

void fill_neighbours_scalar(Kernels& table) noexcept {
  table.neighbour_scan = &neighbour_scan;
  table.nearest_codes = &nearest_codes;
  table.keep_below = &keep_below;
}

}  // namespace quiver::simd
