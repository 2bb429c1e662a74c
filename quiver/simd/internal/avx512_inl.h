// The primitives of 512-bit vectors (AVX-512 F, BW, DQ, VL: every server core since Skylake-X and Zen 4). Masked loads
// make the last part of a row as cheap as the rest, and compression writes selected positions at once.
//
// Included by avx512.cc and by the files that add one optional instruction: under -mavx512vnni and -mavx512vpopcntdq
// the same primitives compile to VPDPWSSD and VPOPCNTQ.
#pragma once

#include <immintrin.h>

#include "quiver/simd/internal/levels.h"
#include "quiver/simd/internal/table_inl.h"

namespace quiver::simd {
namespace {

struct Avx512 {
  static constexpr std::size_t kFloats = 16, kBytes = 64, kUnroll = 4;
  using Floats = __m512;
  using Bytes = __m512i;
  using Ints = __m512i;
  struct Words {
    __m512i even, odd;
  };  // the bytes at even and at odd places, widened

  QUIVER_INLINE static __mmask16 first16(std::size_t n) noexcept { return static_cast<__mmask16>((1u << n) - 1); }
  QUIVER_INLINE static __mmask32 first32(std::size_t n) noexcept {
    return n >= 32 ? ~0u : static_cast<__mmask32>((1u << n) - 1);
  }
  QUIVER_INLINE static __mmask64 first64(std::size_t n) noexcept {
    return n >= 64 ? ~0ull : static_cast<__mmask64>((1ull << n) - 1);
  }

  QUIVER_INLINE static Floats of_bf16(__m256i v) noexcept {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
  }
  QUIVER_INLINE static Floats of_codes(__m128i v) noexcept { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(v)); }
  QUIVER_INLINE static __m256i load256(const std::byte* p) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  QUIVER_INLINE static __m128i load128(const std::byte* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  QUIVER_INLINE static Floats load(F32, const std::byte* p) noexcept { return _mm512_loadu_ps(p); }
  QUIVER_INLINE static Floats load(F16, const std::byte* p) noexcept { return _mm512_cvtph_ps(load256(p)); }
  QUIVER_INLINE static Floats load(Bf16, const std::byte* p) noexcept { return of_bf16(load256(p)); }
  QUIVER_INLINE static Floats load(Code, const std::byte* p) noexcept { return of_codes(load128(p)); }
  QUIVER_INLINE static Floats load_part(F32, const std::byte* p, std::size_t n) noexcept {
    return _mm512_maskz_loadu_ps(first16(n), p);
  }
  QUIVER_INLINE static Floats load_part(F16, const std::byte* p, std::size_t n) noexcept {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first16(n), p));
  }
  QUIVER_INLINE static Floats load_part(Bf16, const std::byte* p, std::size_t n) noexcept {
    return of_bf16(_mm256_maskz_loadu_epi16(first16(n), p));
  }
  QUIVER_INLINE static Floats load_part(Code, const std::byte* p, std::size_t n) noexcept {
    return of_codes(_mm_maskz_loadu_epi8(first16(n), p));
  }
  QUIVER_INLINE static Floats load_some(F32 tag, const std::byte* p, std::size_t n) noexcept {
    return load_part(tag, p, n < kFloats ? n : kFloats);
  }
  QUIVER_INLINE static void store(F32, float* p, Floats a) noexcept { _mm512_storeu_ps(p, a); }
  QUIVER_INLINE static void store(F16, std::uint16_t* p, Floats a) noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  QUIVER_INLINE static void store(Bf16, std::uint16_t* p, Floats a) noexcept {
    const __m512i bits = _mm512_castps_si512(a), high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
    const __m512i words = _mm512_mask_or_epi32(_mm512_srli_epi32(up, 16), nan, high, _mm512_set1_epi32(0x40));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(words));
  }

  QUIVER_INLINE static void store(I8, std::int8_t* p, Floats a) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(a)));
  }

  QUIVER_INLINE static Floats zero_floats() noexcept { return _mm512_setzero_ps(); }
  QUIVER_INLINE static Floats fill(float value) noexcept { return _mm512_set1_ps(value); }
  QUIVER_INLINE static Floats add(Floats a, Floats b) noexcept { return _mm512_add_ps(a, b); }
  QUIVER_INLINE static Floats sub(Floats a, Floats b) noexcept { return _mm512_sub_ps(a, b); }
  QUIVER_INLINE static Floats mul(Floats a, Floats b) noexcept { return _mm512_mul_ps(a, b); }
  QUIVER_INLINE static Floats fma(Floats a, Floats b, Floats c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  QUIVER_INLINE static Floats abs(Floats a) noexcept { return _mm512_abs_ps(a); }
  QUIVER_INLINE static Floats min(Floats a, Floats b) noexcept { return _mm512_min_ps(a, b); }
  QUIVER_INLINE static Floats max(Floats a, Floats b) noexcept { return _mm512_max_ps(a, b); }
  QUIVER_INLINE static Floats divide(Floats a, Floats b) noexcept { return _mm512_div_ps(a, b); }
  QUIVER_INLINE static Floats root(Floats a) noexcept { return _mm512_sqrt_ps(a); }
  QUIVER_INLINE static Floats raise(Floats a, Floats n) noexcept {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent));
  }
  QUIVER_INLINE static Floats count_unequal(Floats s, Floats a, Floats b) noexcept {
    return _mm512_mask_add_ps(s, _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ), s, _mm512_set1_ps(1.0f));
  }
  // Upper half onto lower, twice, then (0 + 2) + (1 + 3) of the four that remain.
  QUIVER_INLINE static float total(Floats a) noexcept {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 v = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    v = _mm_add_ss(v, _mm_movehdup_ps(v));
    return _mm_cvtss_f32(v);
  }
  QUIVER_INLINE static void total4(const Floats (&s)[4], float (&out)[4]) noexcept {
    const __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(s[0], s[1], 0x44), _mm512_shuffle_f32x4(s[0], s[1], 0xee));
    const __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(s[2], s[3], 0x44), _mm512_shuffle_f32x4(s[2], s[3], 0xee));
    __m512 all =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));  // a | b | c | d
    all = _mm512_add_ps(all, _mm512_permute_ps(all, 0x4e));
    all = _mm512_add_ps(all, _mm512_permute_ps(all, 0xb1));
    _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(row_firsts(), all)));
  }
  QUIVER_INLINE static __m512i row_firsts() noexcept {
    return _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  }
  QUIVER_INLINE static float lowest(Floats a) noexcept { return _mm512_reduce_min_ps(a); }
  QUIVER_INLINE static float highest(Floats a) noexcept { return _mm512_reduce_max_ps(a); }
  QUIVER_INLINE static unsigned at_most(Floats a, float threshold) noexcept {
    return _mm512_cmp_ps_mask(a, _mm512_set1_ps(threshold), _CMP_LE_OQ);
  }
  // Compressed in a register and stored under a mask: the compressing store to memory is microcoded on Zen 4.
  QUIVER_INLINE static std::size_t append(unsigned mask, std::uint32_t first, std::uint32_t* out) noexcept {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i at = _mm512_add_epi32(lane, _mm512_set1_epi32(static_cast<int>(first)));
    const auto n = static_cast<std::size_t>(__builtin_popcount(mask));
    _mm512_mask_storeu_epi32(out, first16(n), _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), at));
    return n;
  }

  QUIVER_INLINE static Bytes load_bytes(const std::byte* p) noexcept { return _mm512_loadu_si512(p); }
  QUIVER_INLINE static Bytes load_bytes_part(const std::byte* p, std::size_t n) noexcept {
    return _mm512_maskz_loadu_epi8(first64(n), p);
  }
  QUIVER_INLINE static Bytes flip(Bytes a) noexcept { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
  QUIVER_INLINE static Bytes bit_xor(Bytes a, Bytes b) noexcept { return _mm512_xor_si512(a, b); }
  QUIVER_INLINE static Bytes bit_and(Bytes a, Bytes b) noexcept { return _mm512_and_si512(a, b); }
  QUIVER_INLINE static Words unsigned_words(Bytes a) noexcept {
    return {_mm512_and_si512(a, _mm512_set1_epi16(255)), _mm512_srli_epi16(a, 8)};
  }
  QUIVER_INLINE static Words signed_words(Bytes a) noexcept {
    return {_mm512_srai_epi16(_mm512_slli_epi16(a, 8), 8), _mm512_srai_epi16(a, 8)};
  }
  QUIVER_INLINE static Words sub(Words a, Words b) noexcept {
    return {_mm512_sub_epi16(a.even, b.even), _mm512_sub_epi16(a.odd, b.odd)};
  }
  QUIVER_INLINE static Ints zero_ints() noexcept { return _mm512_setzero_si512(); }
  QUIVER_INLINE static Ints add(Ints a, Ints b) noexcept { return _mm512_add_epi32(a, b); }
  QUIVER_INLINE static Ints madd(Ints s, Words a, Words b) noexcept {
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(s, a.even, b.even), a.odd, b.odd);
#else
    const __m512i even = _mm512_madd_epi16(a.even, b.even), odd = _mm512_madd_epi16(a.odd, b.odd);
    return _mm512_add_epi32(s, _mm512_add_epi32(even, odd));
#endif
  }
  QUIVER_INLINE static Ints sad(Ints s, Bytes a, Bytes b) noexcept {
    return _mm512_add_epi32(s, _mm512_sad_epu8(a, b));
  }
  QUIVER_INLINE static Ints count_unequal(Ints s, Bytes a, Bytes b) noexcept {
    const __m512i one = _mm512_maskz_set1_epi8(_mm512_cmpneq_epi8_mask(a, b), 1);
    return sad(s, one, _mm512_setzero_si512());
  }
  QUIVER_INLINE static Ints popcount(Ints s, Bytes a) noexcept {
#if defined(__AVX512VPOPCNTDQ__)
    return _mm512_add_epi32(s, _mm512_popcnt_epi64(a));
#else  // a table of sixteen counts, looked up per nibble
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i low = _mm512_shuffle_epi8(counts, _mm512_and_si512(a, mask));
    const __m512i high = _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(a, 4), mask));
    return sad(s, _mm512_add_epi8(low, high), _mm512_setzero_si512());
#endif
  }
  QUIVER_INLINE static std::int32_t total(Ints a) noexcept { return _mm512_reduce_add_epi32(a); }
  QUIVER_INLINE static void total4(const Ints (&s)[4], std::int32_t (&out)[4]) noexcept {
    const __m512i ab = add(_mm512_shuffle_i32x4(s[0], s[1], 0x44), _mm512_shuffle_i32x4(s[0], s[1], 0xee));
    const __m512i cd = add(_mm512_shuffle_i32x4(s[2], s[3], 0x44), _mm512_shuffle_i32x4(s[2], s[3], 0xee));
    __m512i all = add(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xdd));  // a | b | c | d
    all = add(all, _mm512_shuffle_epi32(all, _MM_PERM_BADC));
    all = add(all, _mm512_shuffle_epi32(all, _MM_PERM_CDAB));
    const __m128i sums = _mm512_castsi512_si128(_mm512_permutexvar_epi32(row_firsts(), all));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), sums);
  }
  QUIVER_INLINE static Ints add_words64(Ints s, const std::byte* p) noexcept {
    return _mm512_add_epi64(s, load_bytes(p));
  }

  QUIVER_INLINE static void float_nibbles(const std::byte* p, std::size_t n, Floats& low, Floats& high) noexcept {
    const __m128i bytes = n >= kFloats ? load128(p) : _mm_maskz_loadu_epi8(first16(n), p);
    const __m512i packed = _mm512_cvtepu8_epi32(bytes);
    const __m512 values = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    low = _mm512_permutexvar_ps(packed, values);  // looks at four bits of each index
    high = _mm512_permutexvar_ps(_mm512_srli_epi32(packed, 4), values);
  }
  QUIVER_INLINE static __m256i part256(const std::byte* p, std::size_t n) noexcept {
    return n >= 32 ? load256(p) : _mm256_maskz_loadu_epi8(first32(n), p);
  }
  QUIVER_INLINE static void nibbles(const std::byte* p, std::size_t n, Bytes (&to)[1]) noexcept {
    const __m256i packed = part256(p, n), high = _mm256_srli_epi16(packed, 4);
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(packed), high, 1);
    to[0] = _mm512_and_si512(both, _mm512_set1_epi8(15));
  }
  QUIVER_INLINE static void halves(const std::byte* low, std::size_t low_count, const std::byte* high,
                                   std::size_t high_count, Bytes (&to)[1]) noexcept {
    const __m512i first = _mm512_castsi256_si512(part256(low, low_count));
    to[0] = _mm512_inserti64x4(first, part256(high, high_count), 1);
  }
};

}  // namespace
}  // namespace quiver::simd
