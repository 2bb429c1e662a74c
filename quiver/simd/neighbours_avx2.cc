// Neighbour blocks at 256 bits: two groups a load, one shuffle for the low codes and one for the high ones.
#if defined(__x86_64__)
#include <immintrin.h>

#include "quiver/simd/internal/keep_below_inl.h"
#include "quiver/simd/internal/levels.h"
#include "quiver/simd/neighbours.h"

namespace quiver::simd {
namespace {

// Bytes 0, 2, ... of `wide` hold sums of even neighbours plus 256 times those of odd ones; `odd` has the latter alone.
// Answers with the 16 sums in order.
inline __m256i in_order(__m256i wide, __m256i odd) noexcept {
  const __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
  const __m128i w = _mm_add_epi16(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  const __m128i e = _mm_sub_epi16(w, _mm_slli_epi16(o, 8));
  return _mm256_set_m128i(_mm_unpackhi_epi16(e, o), _mm_unpacklo_epi16(e, o));
}

struct Sums {
  __m256i of[2];  // of neighbours 0 to 15, and of the others
};

inline Sums sums_of(const std::byte* block, const std::uint8_t* tables, std::size_t groups) noexcept {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i low = _mm256_setzero_si256(), low_odd = low, high = low, high_odd = low;
  for (std::size_t g = 0; g < groups; g += 2) {
    const __m256i codes = _mm256_load_si256(reinterpret_cast<const __m256i*>(block + 16 * g));
    const __m256i entries = _mm256_load_si256(reinterpret_cast<const __m256i*>(tables + 16 * g));
    const __m256i a = _mm256_shuffle_epi8(entries, _mm256_and_si256(codes, nibble));
    const __m256i b = _mm256_shuffle_epi8(entries, _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble));
    low = _mm256_add_epi16(low, a);
    low_odd = _mm256_add_epi16(low_odd, _mm256_srli_epi16(a, 8));
    high = _mm256_add_epi16(high, b);
    high_odd = _mm256_add_epi16(high_odd, _mm256_srli_epi16(b, 8));
  }
  return {{in_order(low, low_odd), in_order(high, high_odd)}};
}

std::uint32_t code_sums(const std::byte* codes, const std::uint8_t* entries, std::size_t groups, std::uint16_t limit,
                        std::uint16_t* sums) noexcept {
  const Sums all = sums_of(codes, entries, groups);
  const __m256i most = _mm256_set1_epi16(static_cast<short>(limit));
  __m256i within[2];
  for (int part = 0; part < 2; ++part) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + 16 * part), all.of[part]);
    within[part] = _mm256_cmpeq_epi16(_mm256_min_epu16(all.of[part], most), all.of[part]);
  }
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(within[0], within[1]), 0xd8);
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

std::uint32_t neighbour_scan(const std::byte* block, const NeighbourTables& tables, float base, float below,
                             float* out) noexcept {
  const Sums sums = sums_of(block, tables.entries, tables.groups);
  const auto* offsets = reinterpret_cast<const __m128i*>(block + block_offsets_at(tables.groups));
  const auto* slopes = reinterpret_cast<const __m128i*>(block + block_slopes_at(tables.groups));
  const __m256 scale = _mm256_set1_ps(tables.scale), bias = _mm256_set1_ps(tables.bias), start = _mm256_set1_ps(base),
               limit = _mm256_set1_ps(below);
  std::uint32_t closer = 0;
  for (int part = 0; part < 4; ++part) {
    const __m256i all = sums.of[part / 2];
    const __m128i eight = part % 2 == 0 ? _mm256_castsi256_si128(all) : _mm256_extracti128_si256(all, 1);
    const __m256 sum = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(eight));
    const __m256 dot = _mm256_add_ps(_mm256_mul_ps(sum, scale), bias);
    const __m256 offset = _mm256_cvtph_ps(_mm_load_si128(offsets + part));
    const __m256 slope = _mm256_cvtph_ps(_mm_load_si128(slopes + part));
    const __m256 distance = _mm256_add_ps(_mm256_add_ps(start, offset), _mm256_mul_ps(slope, dot));
    _mm256_storeu_ps(out + 8 * part, distance);
    const int mask = _mm256_movemask_ps(_mm256_cmp_ps(distance, limit, _CMP_LT_OQ));
    closer |= static_cast<std::uint32_t>(mask) << (8 * part);
  }
  return closer;
}

inline __m256 lanes_most(__m256 v) noexcept {  // in every lane the largest of all
  v = _mm256_max_ps(v, _mm256_permute2f128_ps(v, v, 0x01));
  v = _mm256_max_ps(v, _mm256_permute_ps(v, 0x4e));
  return _mm256_max_ps(v, _mm256_permute_ps(v, 0xb1));
}

void nearest_of(const float* values, const float* half_norms, std::size_t groups, std::uint8_t* codes) noexcept {
  for (std::size_t g = 0; g < groups; ++g, values += kGroupCentroids, half_norms += kGroupCentroids) {
    const __m256 low = _mm256_sub_ps(_mm256_loadu_ps(values), _mm256_loadu_ps(half_norms));
    const __m256 high = _mm256_sub_ps(_mm256_loadu_ps(values + 8), _mm256_loadu_ps(half_norms + 8));
    const __m256 most = lanes_most(_mm256_max_ps(low, high));
    const int in_low = _mm256_movemask_ps(_mm256_cmp_ps(low, most, _CMP_EQ_OQ));
    const int in_high = _mm256_movemask_ps(_mm256_cmp_ps(high, most, _CMP_EQ_OQ));
    const auto at = static_cast<unsigned>(in_low | in_high << 8);
    codes[g] = static_cast<std::uint8_t>(__builtin_ctz(at | 0x10000U) & 15);
  }
}

}  // namespace

void fill_neighbours_avx2(Kernels& table) noexcept {
  table.neighbour_scan = &neighbour_scan;
  table.code_sums = &code_sums;
  table.nearest_codes = &nearest_of;
  table.keep_below = &keep_below;
}

}  // namespace quiver::simd
#endif
