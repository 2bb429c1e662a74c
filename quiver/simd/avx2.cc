// AVX2 with FMA and F16C: 256-bit vectors, every x86-64 server since 2013. Sixteen registers hold four rows with two
// accumulators each and room to load.
#if defined(__x86_64__)
#include <immintrin.h>

#include "quiver/simd/internal/levels.h"
#include "quiver/simd/internal/table_inl.h"

namespace quiver::simd {
namespace {

struct Avx2 {
  static constexpr std::size_t kFloats = 8, kBytes = 32, kUnroll = 2;
  using Floats = __m256;
  using Bytes = __m256i;
  using Ints = __m256i;
  struct Words {
    __m256i even, odd;
  };  // the bytes at even and at odd places, widened

  // Loads. Parts of f32 rows use the masked load; narrower types, which have none, go through a zeroed copy.
  QUIVER_INLINE static __m256i whole(const std::byte* p) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  QUIVER_INLINE static __m128i half(const std::byte* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  QUIVER_INLINE static __m128i first_bytes(const std::byte* p, std::size_t n) noexcept {
    const WordPair words = first_words(p, n);
    return _mm_set_epi64x(static_cast<long long>(words.high), static_cast<long long>(words.low));
  }

  QUIVER_INLINE static Floats load(F32, const std::byte* p) noexcept { return _mm256_castsi256_ps(whole(p)); }
  QUIVER_INLINE static Floats of_halves(__m128i v) noexcept { return _mm256_cvtph_ps(v); }
  QUIVER_INLINE static Floats of_bf16(__m128i v) noexcept {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
  }
  QUIVER_INLINE static Floats of_codes(__m128i v) noexcept { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(v)); }
  QUIVER_INLINE static __m128i eight(const std::byte* p) noexcept {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  }
  QUIVER_INLINE static Floats load(F16, const std::byte* p) noexcept { return of_halves(half(p)); }
  QUIVER_INLINE static Floats load(Bf16, const std::byte* p) noexcept { return of_bf16(half(p)); }
  QUIVER_INLINE static Floats load(Code, const std::byte* p) noexcept { return of_codes(eight(p)); }

  QUIVER_INLINE static Floats load_part(F32, const std::byte* p, std::size_t n) noexcept {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
    return _mm256_castsi256_ps(_mm256_maskload_epi32(reinterpret_cast<const int*>(p), mask));
  }
  QUIVER_INLINE static Floats load_part(F16, const std::byte* p, std::size_t n) noexcept {
    return of_halves(first_bytes(p, 2 * n));
  }
  QUIVER_INLINE static Floats load_part(Bf16, const std::byte* p, std::size_t n) noexcept {
    return of_bf16(first_bytes(p, 2 * n));
  }
  QUIVER_INLINE static Floats load_part(Code, const std::byte* p, std::size_t n) noexcept {
    return of_codes(first_bytes(p, n));
  }
  QUIVER_INLINE static Floats load_some(F32 tag, const std::byte* p, std::size_t n) noexcept {
    return load_part(tag, p, n);  // the comparison in the mask saturates
  }
  QUIVER_INLINE static void store(F32, float* p, Floats a) noexcept { _mm256_storeu_ps(p, a); }
  QUIVER_INLINE static void store(F16, std::uint16_t* p, Floats a) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  QUIVER_INLINE static void store(I8, std::int8_t* p, Floats a) noexcept {
    const __m256i ints = _mm256_cvttps_epi32(a);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(ints), _mm256_extracti128_si256(ints, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
  }
  QUIVER_INLINE static void store(Bf16, std::uint16_t* p, Floats a) noexcept {
    const __m256i bits = _mm256_castps_si256(a), high = _mm256_srli_epi32(bits, 16);
    const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    const __m256i words = _mm256_blendv_epi8(_mm256_srli_epi32(up, 16), quiet, nan);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
  }

  QUIVER_INLINE static Floats zero_floats() noexcept { return _mm256_setzero_ps(); }
  QUIVER_INLINE static Floats fill(float value) noexcept { return _mm256_set1_ps(value); }
  QUIVER_INLINE static Floats add(Floats a, Floats b) noexcept { return _mm256_add_ps(a, b); }
  QUIVER_INLINE static Floats sub(Floats a, Floats b) noexcept { return _mm256_sub_ps(a, b); }
  QUIVER_INLINE static Floats mul(Floats a, Floats b) noexcept { return _mm256_mul_ps(a, b); }
  QUIVER_INLINE static Floats fma(Floats a, Floats b, Floats c) noexcept { return _mm256_fmadd_ps(a, b, c); }
  QUIVER_INLINE static Floats abs(Floats a) noexcept { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  QUIVER_INLINE static Floats min(Floats a, Floats b) noexcept { return _mm256_min_ps(a, b); }
  QUIVER_INLINE static Floats max(Floats a, Floats b) noexcept { return _mm256_max_ps(a, b); }
  QUIVER_INLINE static Floats divide(Floats a, Floats b) noexcept { return _mm256_div_ps(a, b); }
  QUIVER_INLINE static Floats root(Floats a) noexcept { return _mm256_sqrt_ps(a); }
  QUIVER_INLINE static Floats raise(Floats a, Floats n) noexcept {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent));
  }
  QUIVER_INLINE static Floats count_unequal(Floats s, Floats a, Floats b) noexcept {
    return _mm256_add_ps(s, _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ), _mm256_set1_ps(1.0f)));
  }
  // Upper half onto lower, then (0 + 2) + (1 + 3) of the four that remain.
  QUIVER_INLINE static float total(Floats a) noexcept {
    __m128 v = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    v = _mm_add_ss(v, _mm_movehdup_ps(v));
    return _mm_cvtss_f32(v);
  }
  QUIVER_INLINE static void total4(const Floats (&s)[4], float (&out)[4]) noexcept {
    const __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(s[0], s[1], 0x20), _mm256_permute2f128_ps(s[0], s[1], 0x31));
    const __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(s[2], s[3], 0x20), _mm256_permute2f128_ps(s[2], s[3], 0x31));
    const __m256 pairs = _mm256_add_ps(_mm256_unpacklo_ps(ab, cd), _mm256_unpackhi_ps(ab, cd));  // a c a c | b d b d
    const __m256 all = _mm256_add_ps(pairs, _mm256_permute_ps(pairs, 0x4e));
    _mm_storeu_ps(out, _mm_unpacklo_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
  }
  QUIVER_INLINE static float lowest(Floats a) noexcept {
    __m128 v = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    v = _mm_min_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_min_ss(v, _mm_movehdup_ps(v)));
  }
  QUIVER_INLINE static float highest(Floats a) noexcept {
    __m128 v = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)));
  }
  QUIVER_INLINE static unsigned at_most(Floats a, float threshold) noexcept {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, _mm256_set1_ps(threshold), _CMP_LE_OQ)));
  }
  QUIVER_INLINE static std::size_t append(unsigned mask, std::uint32_t first, std::uint32_t* out) noexcept {
    return append_bits(mask, first, out);
  }

  QUIVER_INLINE static Bytes load_bytes(const std::byte* p) noexcept { return whole(p); }
  QUIVER_INLINE static Bytes load_bytes_part(const std::byte* p, std::size_t n) noexcept {
    if (n >= kBytes) return whole(p);
    if (n < 16) return _mm256_zextsi128_si256(first_bytes(p, n));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(half(p)), first_bytes(p + 16, n - 16), 1);
  }
  QUIVER_INLINE static Bytes flip(Bytes a) noexcept { return _mm256_xor_si256(a, _mm256_set1_epi8(-128)); }
  QUIVER_INLINE static Bytes bit_xor(Bytes a, Bytes b) noexcept { return _mm256_xor_si256(a, b); }
  QUIVER_INLINE static Bytes bit_and(Bytes a, Bytes b) noexcept { return _mm256_and_si256(a, b); }
  QUIVER_INLINE static Words unsigned_words(Bytes a) noexcept {
    return {_mm256_and_si256(a, _mm256_set1_epi16(255)), _mm256_srli_epi16(a, 8)};
  }
  QUIVER_INLINE static Words signed_words(Bytes a) noexcept {
    return {_mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8), _mm256_srai_epi16(a, 8)};
  }
  QUIVER_INLINE static Words sub(Words a, Words b) noexcept {
    return {_mm256_sub_epi16(a.even, b.even), _mm256_sub_epi16(a.odd, b.odd)};
  }
  QUIVER_INLINE static Ints zero_ints() noexcept { return _mm256_setzero_si256(); }
  QUIVER_INLINE static Ints add(Ints a, Ints b) noexcept { return _mm256_add_epi32(a, b); }
  QUIVER_INLINE static Ints madd(Ints s, Words a, Words b) noexcept {
    const __m256i even = _mm256_madd_epi16(a.even, b.even), odd = _mm256_madd_epi16(a.odd, b.odd);
    return _mm256_add_epi32(s, _mm256_add_epi32(even, odd));
  }
  QUIVER_INLINE static Ints sad(Ints s, Bytes a, Bytes b) noexcept {
    return _mm256_add_epi32(s, _mm256_sad_epu8(a, b));
  }
  QUIVER_INLINE static Ints count_unequal(Ints s, Bytes a, Bytes b) noexcept {
    const __m256i one = _mm256_andnot_si256(_mm256_cmpeq_epi8(a, b), _mm256_set1_epi8(1));
    return sad(s, one, _mm256_setzero_si256());
  }
  QUIVER_INLINE static Ints popcount(Ints s, Bytes a) noexcept {  // a table of sixteen counts, looked up per nibble
    const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i low = _mm256_shuffle_epi8(counts, _mm256_and_si256(a, mask));
    const __m256i high = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(a, 4), mask));
    return sad(s, _mm256_add_epi8(low, high), _mm256_setzero_si256());
  }
  QUIVER_INLINE static std::int32_t total(Ints a) noexcept {
    __m128i v = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
    return _mm_cvtsi128_si32(v);
  }
  QUIVER_INLINE static void total4(const Ints (&s)[4], std::int32_t (&out)[4]) noexcept {
    const __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(s[0], s[1]), _mm256_hadd_epi32(s[2], s[3]));
    const __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), sums);
  }
  QUIVER_INLINE static Ints add_words64(Ints s, const std::byte* p) noexcept { return _mm256_add_epi64(s, whole(p)); }

  QUIVER_INLINE static void float_nibbles(const std::byte* p, std::size_t n, Floats& low, Floats& high) noexcept {
    const __m256i packed = _mm256_cvtepu8_epi32(n >= kFloats ? eight(p) : first_bytes(p, n));
    low = _mm256_cvtepi32_ps(_mm256_and_si256(packed, _mm256_set1_epi32(15)));
    high = _mm256_cvtepi32_ps(_mm256_srli_epi32(packed, 4));
  }
  QUIVER_INLINE static void nibbles(const std::byte* p, std::size_t n, Bytes (&to)[2]) noexcept {
    const __m256i packed = load_bytes_part(p, n), mask = _mm256_set1_epi8(15);
    to[0] = _mm256_and_si256(packed, mask);
    to[1] = _mm256_and_si256(_mm256_srli_epi16(packed, 4), mask);
  }
  QUIVER_INLINE static void halves(const std::byte* low, std::size_t low_count, const std::byte* high,
                                   std::size_t high_count, Bytes (&to)[2]) noexcept {
    to[0] = load_bytes_part(low, low_count);
    to[1] = load_bytes_part(high, high_count);
  }
};

}  // namespace

void fill_avx2(Kernels& table) noexcept {
  table.level = Level::Avx2;
  fill_all<Avx2>(table);
}

}  // namespace quiver::simd
#endif
