// The table of kernels: one query against a block of rows, per metric, element type and CPU level.
//
//   const simd::Kernels& k = simd::kernels();                       // chosen once by what the CPU has, or by
//   QUIVER_SIMD simd::BlockKernel l2 = k.distance(Metric::L2, Element::F32); l2(query, base, stride_bytes, rows, count,
//   dims, out);          // out[i] = |query - row rows[i]|^2
//
// A block kernel loops over the rows itself, several at once, so that loads of the query are shared, accumulators are
// independent and rows named by number are prefetched ahead. There is one indirect call per block and none per row.
//
// Invariants
//   - Smaller is closer. L2 is squared; Dot is negated; Cosine is 1 - cos, and 1 when either vector is zero;
//     Hamming counts the coordinates that differ (as numbers: -0 equals 0, NaN differs from everything).
//   - A row's result depends on the query, the row, `dims` and the level alone: not on its place in the block, its
//     neighbours, its alignment or whether it was reached by number. Equal rows tie exactly.
//   - Nothing is read outside [row, row + bytes of `dims` coordinates): rows may be unaligned and end at a page's edge.
//     (Prefetches, which cannot fault, reach some kilobytes past a block of rows in order: pass long runs in pieces.)
//   - NaN in any coordinate of a float row or query gives NaN (Hamming: one more difference).
// Accuracy
//   - Integer and bit kernels are exact: an int32 sum, rounded once to float. Requires: dims <= kMaxIntegerDims.
//     Their Cosine is 1 - dot / sqrt(norm * norm) in double, rounded once.
//   - Float kernels err by at most error_ulps(dims) * 2^-24 * S, S the sum of the absolute values of the exact terms
//     (|q_i r_i| for Dot, (q_i - r_i)^2 for L2, |q_i - r_i| for Manhattan); Cosine by error_ulps(dims) * 2^-23 while
//     the squared norms neither overflow nor underflow. Levels differ by no more than the sum of their bounds.
//   - bf16 Dot may read subnormal bf16 values as zero and flush subnormal sums (the AVX512_BF16 instruction does).
// Thread-safety: everything is immutable after the first call; kernels touch only their arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quiver/simd/activations.h"
#include "quiver/simd/descent.h"
#include "quiver/simd/element.h"
#include "quiver/simd/neighbours.h"

namespace quiver::simd {

enum class Level : std::uint8_t { Scalar, Avx2, Avx512, Neon };
inline constexpr std::size_t kLevels = 4;

// What the CPU and the operating system offer. Avx512 as a level needs F, BW, DQ and VL; extensions are used inside
// their level where present.
struct Features {
  bool avx2 = false;  // with FMA and F16C
  bool avx512 = false;
  bool vnni = false;  // of avx512, as are the next two
  bool vpopcntdq = false;
  bool bf16 = false;
  bool neon = false;
  bool dotprod = false;  // of neon
};

// query: `dims` coordinates. Row i starts at base + stride_bytes * (rows ? rows[i] : i). out: `count` floats.
using BlockKernel = void (*)(const void* query, const std::byte* base, std::size_t stride_bytes,
                             const std::uint32_t* rows, std::size_t count, std::size_t dims, float* out) noexcept;

// Largest dims for which no int32 sum of 8-bit products can overflow (255 * 255 * dims < 2^31).
inline constexpr std::size_t kMaxIntegerDims = 32768;

// See Accuracy above: the longest chain of roundings at any level, with a constant for conversion and reduction.
constexpr std::size_t error_ulps(std::size_t dims) noexcept { return dims / 8 + 8; }

struct Kernels {
  Level level = Level::Scalar;

  // [metric][element]; query and rows have the same element type. On Bit rows every metric reads 0/1 coordinates.
  BlockKernel distances[kMetrics][kElements] = {};
  BlockKernel distance(Metric metric, Element element) const noexcept {
    return distances[static_cast<std::size_t>(metric)][static_cast<std::size_t>(element)];
  }

  // Float query, f16 rows.
  BlockKernel l2_f32_f16 = nullptr;
  BlockKernel dot_f32_f16 = nullptr;  // negated, as Dot is

  // Code products for quantizers: sum_i q_i * c_i, NOT negated. u4 rows are packed as quiver/simd/packed_u4.h says.
  BlockKernel dot_f32_u8 = nullptr;  // float query, u8 codes
  BlockKernel dot_f32_u4 = nullptr;  // float query, packed 4-bit codes
  BlockKernel dot_i8_u8 = nullptr;   // int8 query, u8 codes: exact
  BlockKernel dot_i8_u4 = nullptr;   // int8 query, packed 4-bit codes: exact

  // Estimated distances to the neighbours of a row in a graph (neighbours.h).
  NeighbourScan neighbour_scan = nullptr;
  CodeSums code_sums = nullptr;
  BuildTables neighbour_tables = nullptr;
  GroupProducts group_products = nullptr;
  NearestCodes nearest_codes = nullptr;

  // Over one array. min_max of nothing is (+inf, -inf). Requires: no NaN in min_max.
  void (*min_max)(const float* values, std::size_t count, float* low, float* high) noexcept = nullptr;
  float (*sum)(const float* values, std::size_t count) noexcept = nullptr;
  float (*squared_norm)(const float* values, std::size_t count) noexcept = nullptr;

  // Round to nearest even; infinities and NaN are kept (a signalling NaN becomes quiet), overflow gives infinity.
  void (*f32_to_f16)(const float* from, std::uint16_t* to, std::size_t count) noexcept = nullptr;
  void (*f16_to_f32)(const std::uint16_t* from, float* to, std::size_t count) noexcept = nullptr;
  void (*f32_to_bf16)(const float* from, std::uint16_t* to, std::size_t count) noexcept = nullptr;
  void (*bf16_to_f32)(const std::uint16_t* from, float* to, std::size_t count) noexcept = nullptr;

  // codes <- values * scale, rounded to the nearest even. Returns the sum of the codes. Requires: |values * scale| <=
  // 127.5, count <= kMaxIntegerDims.
  std::int32_t (*round_to_i8)(const float* values, std::size_t count, float scale,
                              std::int8_t* codes) noexcept = nullptr;

  // Writes the positions of values <= threshold in ascending order and returns how many; NaN is never chosen.
  // Requires: out has room for `count`. The common case, a block without any, costs one comparison per vector.
  std::size_t (*select_below)(const float* values, std::size_t count, float threshold,
                              std::uint32_t* out) noexcept = nullptr;

  // Where the least value stands, the first of several; NaN is never chosen. Requires: count > 0.
  std::size_t (*least)(const float* values, std::size_t count) noexcept = nullptr;
  // Moves the values below `below`, and the numbers beside them, to the front in their order; returns how many.
  std::size_t (*keep_below)(float* values, std::uint32_t* numbers, std::size_t count, float below) noexcept = nullptr;

  // Between the products of a network (activations.h).
  Activate activations[kActivations] = {};
  Activate activate(Activation kind) const noexcept { return activations[static_cast<std::size_t>(kind)]; }
  Softmax softmax = nullptr;
  NormalizeRow layer_norm = nullptr, rms_norm = nullptr;
  Combine add = nullptr, multiply = nullptr;

  // One row of a learned table, one step (descent.h).
  AddScaled add_scaled = nullptr;
  Exchange exchange = nullptr;
  Adapt adapt = nullptr;

  // The yardsticks of quiver/simd/bandwidth.h.
  std::uint64_t (*stream_read)(const void* data, std::size_t bytes) noexcept = nullptr;
  float (*multiply_add)(std::size_t rounds, std::size_t* operations) noexcept = nullptr;
};

// The level in use: the best one the CPU has, or the one QUIVER_SIMD names (scalar, avx2, avx512, neon).
const Kernels& kernels() noexcept;
// nullptr if this CPU or this build lacks the level. Scalar always exists.
const Kernels* kernels_at(Level level) noexcept;

const Features& features() noexcept;
// One sentence for people: which level runs and why, for instance that QUIVER_SIMD asked for one that is missing.
std::string_view level_note() noexcept;
// "avx2 avx512 vnni ...": the features present, separated by blanks; "none" on a CPU without any.
std::string_view feature_list() noexcept;

constexpr std::string_view name(Level level) noexcept {
  constexpr std::string_view kNames[kLevels] = {"scalar", "avx2", "avx512", "neon"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace quiver::simd
