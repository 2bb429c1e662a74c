// Neighbour blocks at 512 bits: four groups a load. Sums of even neighbours gather in 16-bit lanes together with 256
// times those of their odd neighbours, which are also gathered alone and taken off once at the end.
#if defined(__x86_64__)
#include <immintrin.h>

#include "quiver/simd/internal/levels.h"
#include "quiver/simd/neighbours.h"

namespace quiver::simd {
namespace {

inline __m128i fold(__m512i v) noexcept {
  const __m256i half = _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

inline __m256i in_order(__m512i wide, __m512i odd) noexcept {
  const __m128i o = fold(odd), e = _mm_sub_epi16(fold(wide), _mm_slli_epi16(o, 8));
  return _mm256_set_m128i(_mm_unpackhi_epi16(e, o), _mm_unpacklo_epi16(e, o));
}

inline __m512 halves(const std::byte* p) noexcept {
  return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(p)));
}

struct Sums {
  __m256i of[2];  // of neighbours 0 to 15, and of the others
};

inline Sums sums_of(const std::byte* block, const std::uint8_t* tables, std::size_t groups) noexcept {
  const __m512i nibble = _mm512_set1_epi8(15);
  __m512i low = _mm512_setzero_si512(), low_odd = low, high = low, high_odd = low;
  for (std::size_t g = 0; g < groups; g += 4) {
    const __m512i codes = _mm512_load_si512(block + 16 * g), entries = _mm512_load_si512(tables + 16 * g);
    const __m512i a = _mm512_shuffle_epi8(entries, _mm512_and_si512(codes, nibble));
    const __m512i b = _mm512_shuffle_epi8(entries, _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble));
    low = _mm512_add_epi16(low, a);
    low_odd = _mm512_add_epi16(low_odd, _mm512_srli_epi16(a, 8));
    high = _mm512_add_epi16(high, b);
    high_odd = _mm512_add_epi16(high_odd, _mm512_srli_epi16(b, 8));
  }
  return {{in_order(low, low_odd), in_order(high, high_odd)}};
}

std::uint32_t code_sums(const std::byte* codes, const std::uint8_t* entries, std::size_t groups, std::uint16_t limit,
                        std::uint16_t* sums) noexcept {
  const Sums parts = sums_of(codes, entries, groups);
  const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(parts.of[0]), parts.of[1], 1);
  _mm512_storeu_si512(sums, all);
  return _mm512_cmple_epu16_mask(all, _mm512_set1_epi16(static_cast<short>(limit)));
}

std::uint32_t neighbour_scan(const std::byte* block, const NeighbourTables& tables, float base, float below,
                             float* out) noexcept {
  const Sums sums = sums_of(block, tables.entries, tables.groups);
  const __m512 scale = _mm512_set1_ps(tables.scale), bias = _mm512_set1_ps(tables.bias), start = _mm512_set1_ps(base),
               limit = _mm512_set1_ps(below);
  const std::byte *offsets = block + block_offsets_at(tables.groups), *slopes = block + block_slopes_at(tables.groups);
  std::uint32_t closer = 0;
  for (int part = 0; part < 2; ++part) {
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(sums.of[part]));
    const __m512 dot = _mm512_add_ps(_mm512_mul_ps(sum, scale), bias);
    const __m512 distance = _mm512_add_ps(_mm512_add_ps(start, halves(offsets + 32 * part)),
                                          _mm512_mul_ps(halves(slopes + 32 * part), dot));
    _mm512_storeu_ps(out + 16 * part, distance);
    closer |= static_cast<std::uint32_t>(_mm512_cmp_ps_mask(distance, limit, _CMP_LT_OQ)) << (16 * part);
  }
  return closer;
}

void nearest_of(const float* values, const float* half_norms, std::size_t groups, std::uint8_t* codes) noexcept {
  for (std::size_t g = 0; g < groups; ++g) {
    const __m512 nearness = _mm512_sub_ps(_mm512_loadu_ps(values + 16 * g), _mm512_loadu_ps(half_norms + 16 * g));
    const __m512 most = _mm512_set1_ps(_mm512_reduce_max_ps(nearness));
    const __mmask16 at = _mm512_cmp_ps_mask(nearness, most, _CMP_EQ_OQ);
    codes[g] = static_cast<std::uint8_t>(__builtin_ctz(at | 0x10000U) & 15);
  }
}

std::size_t keep_below_by_mask(float* values, std::uint32_t* numbers, std::size_t count, float below) noexcept {
  const __m512 limit = _mm512_set1_ps(below);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; i += 16) {
    const auto present = static_cast<__mmask16>(count - i < 16 ? (1U << (count - i)) - 1 : 0xffffU);
    const __m512 some = _mm512_maskz_loadu_ps(present, values + i);
    const __m512i theirs = _mm512_maskz_loadu_epi32(present, numbers + i);
    const __mmask16 keeps = _mm512_mask_cmp_ps_mask(present, some, limit, _CMP_LT_OQ);
    const auto these = static_cast<unsigned>(__builtin_popcount(keeps));
    const auto to = static_cast<__mmask16>((1U << these) - 1);
    _mm512_mask_storeu_ps(values + kept, to, _mm512_maskz_compress_ps(keeps, some));
    _mm512_mask_storeu_epi32(numbers + kept, to, _mm512_maskz_compress_epi32(keeps, theirs));
    kept += these;
  }
  return kept;
}

}  // namespace

void fill_neighbours_avx512(Kernels& table) noexcept {
  table.neighbour_scan = &neighbour_scan;
  table.code_sums = &code_sums;
  table.nearest_codes = &nearest_of;
  table.keep_below = &keep_below_by_mask;
}

}  // namespace quiver::simd
#endif
