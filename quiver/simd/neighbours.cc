// The reference for neighbour blocks: what the faster levels must equal bit for bit.
#include "quiver/simd/neighbours.h"

#include <cstring>

#include "quiver/simd/internal/keep_below_inl.h"
#include "quiver/simd/internal/levels.h"

namespace quiver::simd {
namespace {

struct Sums {
  std::uint32_t of[kBlockNeighbours] = {};
};

Sums sums_of(const std::byte* codes, const std::uint8_t* entries, std::size_t groups) noexcept {
  Sums sums;
  for (std::size_t g = 0; g < groups; ++g, entries += kGroupCentroids) {
    for (std::size_t j = 0; j < kGroupCentroids; ++j) {
      const auto both = std::to_integer<unsigned>(codes[g * 16 + j]);
      sums.of[j] += entries[both & 15u];
      sums.of[j + 16] += entries[both >> 4];
    }
  }
  return sums;
}

std::uint32_t code_sums(const std::byte* codes, const std::uint8_t* entries, std::size_t groups, std::uint16_t limit,
                        std::uint16_t* sums) noexcept {
  const Sums all = sums_of(codes, entries, groups);
  std::uint32_t within = 0;
  for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
    sums[j] = static_cast<std::uint16_t>(all.of[j]);
    within |= static_cast<std::uint32_t>(sums[j] <= limit) << j;
  }
  return within;
}

std::uint32_t neighbour_scan(const std::byte* block, const NeighbourTables& tables, float base, float below,
                             float* out) noexcept {
  const Sums sums = sums_of(block, tables.entries, tables.groups);
  std::uint16_t halves[2 * kBlockNeighbours];
  float floats[2 * kBlockNeighbours];
  std::memcpy(halves, block + block_offsets_at(tables.groups), sizeof halves);
  kernels_at(Level::Scalar)->f16_to_f32(halves, floats, 2 * kBlockNeighbours);
  std::uint32_t closer = 0;
  for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
    const float dot = static_cast<float>(sums.of[j]) * tables.scale + tables.bias;
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
  table.code_sums = &code_sums;
  table.nearest_codes = &nearest_codes;
  table.keep_below = &keep_below;
}

}  // namespace quiver::simd
