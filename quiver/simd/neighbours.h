// Neighbour blocks: estimated distances from a query to 32 rows at once, from 4-bit codes that lie together.
//
// A row of a graph keeps its neighbours u as codes of the directions (u - v) / |u - v| from itself, v. The dimensions
// are cut into groups; one code of 4 bits a group names one of 16 centroids. With x the decoded direction,
//
//   |q - u|^2  ~  |q - v|^2 + |u - v|^2 - 2 |u - v| <q - v, x> / <x, o>,      o = (u - v) / |u - v|
//             =  base       + offset_u  + slope_u * <q, x>
//
// and <q, x> is a sum of one table entry a group, the tables being the same for every row that a query meets. They are
// rounded to bytes with one scale for all groups, so a sum is exact in 16 bits (Andre, Kermarrec, Le Scouarnec, "Cache
// locality is not enough", VLDB 2015, for the shuffle that looks up 16 bytes at once).
//
// Block of 32 neighbours, `groups` a multiple of 4 and at most 256, on a 64-byte boundary:
//   16 * groups bytes   codes: byte j of group g holds neighbour j in its low nibble, neighbour 16 + j in its high one
//   64 bytes            offsets, f16
//   64 bytes            slopes, f16
//   128 bytes           row numbers, u32
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::simd {

inline constexpr std::size_t kBlockNeighbours = 32;
inline constexpr std::size_t kGroupCentroids = 16;
inline constexpr std::size_t kMaxGroups = 256;  // 256 * 255 < 2^16

constexpr std::size_t block_offsets_at(std::size_t groups) noexcept { return 16 * groups; }
constexpr std::size_t block_slopes_at(std::size_t groups) noexcept { return 16 * groups + 64; }
constexpr std::size_t block_rows_at(std::size_t groups) noexcept { return 16 * groups + 128; }
constexpr std::size_t block_bytes(std::size_t groups) noexcept { return 16 * groups + 256; }

// A query's tables: 16 bytes a group; the sum S of the entries a code names stands for scale * S + bias = <q, x>.
struct NeighbourTables {
  const std::uint8_t* entries = nullptr;
  std::size_t groups = 0;
  float scale = 0, bias = 0;
};

// out[j] = base + offset_j + slope_j * (scale * S_j + bias); bit j of the answer is set where out[j] < below.
using NeighbourScan = std::uint32_t (*)(const std::byte* block, const NeighbourTables& tables, float base, float below,
                                        float* out) noexcept;

// sums[j] = the sum S_j; bit j of the answer is set where it is at most `limit`. For codes alone, without offsets,
// slopes and row numbers behind them. `codes` and `entries` on 64-byte boundaries, no sum above 2^16 - 1.
using CodeSums = std::uint32_t (*)(const std::byte* codes, const std::uint8_t* entries, std::size_t groups,
                                   std::uint16_t limit, std::uint16_t* sums) noexcept;

// values[16 g + c] = <query, centroid c of group g>: `centroids` holds 16 floats a dimension, group by group, and group
// g owns dimensions starts[g] .. starts[g + 1] - 1. Then entries, scale and bias from the values. `values` is scratch.
using BuildTables = void (*)(const float* query, const float* centroids, const std::uint16_t* starts,
                             std::size_t groups, float* values, std::uint8_t* entries, float* scale,
                             float* bias) noexcept;

// values[16 g + c] = <vector, centroid c of group g> alone, for a vector that no scan looks for.
using GroupProducts = void (*)(const float* vector, const float* centroids, const std::uint16_t* starts,
                               std::size_t groups, float* values) noexcept;

// codes[g] = the centroid of group g nearest to the vector whose products these are: the first of the largest
// values[16 g + c] - half_norms[16 g + c], where half_norms are |centroid|^2 / 2.
using NearestCodes = void (*)(const float* values, const float* half_norms, std::size_t groups,
                              std::uint8_t* codes) noexcept;

}  // namespace quiver::simd
