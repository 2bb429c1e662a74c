// AVX512_VNNI (Cascade Lake, Zen 4): 64 products of 8-bit coordinates an instruction, added exactly in int32.
//
// VPDPBUSD multiplies unsigned by signed bytes. Codes against an int8 query fit as they are. The two symmetric cases
// move one side by 128, a flip of the top bit, and correct the sum:
//   i8 x i8   sum q r = sum q (r + 128) - 128 sum q      the last sum is the query's: once per block
//   u8 x u8   sum q r = sum (q - 128) r + 128 sum r      the last sum is one more instruction per vector
// Differences and norms go through VPDPWSSD on widened bytes (avx512_inl.h under this file's flags).
#if defined(__x86_64__)
#include "quiver/simd/internal/avx512_inl.h"

namespace quiver::simd {
namespace {

struct MixedVnni : Integer<Avx512> {
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept { return _mm512_dpbusd_epi32(s, r, q); }
};

struct SignedDot : OneSum<Avx512, Integer<Avx512>> {
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept {
    s = _mm512_dpbusd_epi32(s, Avx512::flip(r), q);
  }
  // 128 times the query's sum. Past the end the query is zero, whatever the flipped row holds there.
  template <class Load>
  QUIVER_INLINE static std::int32_t prepare(const std::byte* query, std::size_t units) noexcept {
    const __m512i all128 = _mm512_set1_epi8(-128);
    Sum s = zero();
    std::size_t i = 0;
    for (; i + Load::kStep <= units; i += Load::kStep) s = _mm512_dpbusd_epi32(s, all128, Load::query(query, i));
    if (i < units) s = _mm512_dpbusd_epi32(s, all128, Load::query_part(query, i, units - i));
    return Avx512::total(s);
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], std::int32_t shift, float* out) noexcept {
    std::int32_t total[R];
    totals<Avx512>(sum, total);
    for (std::size_t r = 0; r < R; ++r) out[r] = -static_cast<float>(total[r] - shift);
  }
};

struct UnsignedDot : OneSum<Avx512, Integer<Avx512>> {
  struct Sum {
    __m512i product, row;
  };
  static constexpr std::size_t kUnroll = Avx512::kUnroll / 2;
  QUIVER_INLINE static Sum zero() noexcept { return {Avx512::zero_ints(), Avx512::zero_ints()}; }
  QUIVER_INLINE static Sum add(Sum a, Sum b) noexcept {
    return {Avx512::add(a.product, b.product), Avx512::add(a.row, b.row)};
  }
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept {
    s.product = _mm512_dpbusd_epi32(s.product, r, Avx512::flip(q));
    s.row = Avx512::sad(s.row, r, _mm512_setzero_si512());
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], NoContext, float* out) noexcept {
    Avx512::Ints both[R];
    for (std::size_t r = 0; r < R; ++r) both[r] = Avx512::add(sum[r].product, _mm512_slli_epi32(sum[r].row, 7));
    std::int32_t total[R];
    totals<Avx512>(both, total);
    for (std::size_t r = 0; r < R; ++r) out[r] = -static_cast<float>(total[r]);
  }
};

// Rows one behind another, sixteen at a time: with a register of sums each, the query is loaded once for all of them
// and one tree of additions ends all sixteen sums, so that reading the rows is what it costs.
struct Sixteen {
  static constexpr std::size_t kRows = 16;

  QUIVER_INLINE static void add(__m512i (&sum)[kRows], const std::byte* base, std::size_t stride, __m512i query,
                                __mmask64 present) noexcept {
    QUIVER_UNROLL
    for (std::size_t r = 0; r < kRows; r += 4) {
      const std::byte* row = base + r * stride;
      sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_maskz_loadu_epi8(present, row), query);
      sum[r + 1] = _mm512_dpbusd_epi32(sum[r + 1], _mm512_maskz_loadu_epi8(present, row + stride), query);
      sum[r + 2] = _mm512_dpbusd_epi32(sum[r + 2], _mm512_maskz_loadu_epi8(present, row + 2 * stride), query);
      sum[r + 3] = _mm512_dpbusd_epi32(sum[r + 3], _mm512_maskz_loadu_epi8(present, row + 3 * stride), query);
    }
  }

  // Element r: the total of sum[r].
  QUIVER_INLINE static __m512i totals(const __m512i (&sum)[kRows]) noexcept {
    __m512i pair[8], four[4];  // pair[i], by lane of 128 bits: rows 2i, 2i + 1, 2i, 2i + 1
    QUIVER_UNROLL
    for (std::size_t i = 0; i < 8; ++i) {
      pair[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(sum[2 * i], sum[2 * i + 1]),
                                 _mm512_unpackhi_epi32(sum[2 * i], sum[2 * i + 1]));
    }
    QUIVER_UNROLL
    for (std::size_t i = 0; i < 4; ++i) {  // four[i], by lane: rows 4i to 4i + 3
      four[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(pair[2 * i], pair[2 * i + 1]),
                                 _mm512_unpackhi_epi64(pair[2 * i], pair[2 * i + 1]));
    }
    const __m512i low = across(four[0], four[1]), high = across(four[2], four[3]);
    return _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
  }

 private:
  QUIVER_INLINE static __m512i across(__m512i a, __m512i b) noexcept {  // lanes: two of a, then two of b
    return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
  }
};

void mixed_products(const void* query, const std::byte* base, std::size_t stride, const std::uint32_t* rows,
                    std::size_t count, std::size_t dims, float* out) noexcept {
  std::size_t i = 0;
  for (; rows == nullptr && i + Sixteen::kRows <= count; i += Sixteen::kRows) {
    const std::byte *q = static_cast<const std::byte*>(query), *at = base + i * stride;
    __m512i sum[Sixteen::kRows];
    QUIVER_UNROLL
    for (std::size_t r = 0; r < Sixteen::kRows; ++r) sum[r] = _mm512_setzero_si512();
    std::size_t d = 0;
    for (; d + 64 <= dims; d += 64) Sixteen::add(sum, at + d, stride, _mm512_loadu_si512(q + d), ~__mmask64{0});
    if (d < dims) {
      const __mmask64 present = ~__mmask64{0} >> (64 - (dims - d));
      Sixteen::add(sum, at + d, stride, _mm512_maskz_loadu_epi8(present, q + d), present);
    }
    _mm512_storeu_ps(out + i, _mm512_cvtepi32_ps(Sixteen::totals(sum)));
  }
  block<ByteRows<Avx512>, Product<Avx512, MixedVnni>>(query, base + (rows == nullptr ? i * stride : 0), stride, rows,
                                                      count - i, dims, out + i);
}

}  // namespace

void fill_avx512_vnni(Kernels& table) noexcept {
  fill_integers<Avx512>(table);
  slot(table, Metric::Dot, Element::I8) = &block<ByteRows<Avx512>, SignedDot>;
  slot(table, Metric::Dot, Element::U8) = &block<ByteRows<Avx512>, UnsignedDot>;
  table.dot_i8_u8 = &mixed_products;
  table.dot_i8_u4 = &block<ByteNibbleRows<Avx512>, BlockProduct<Avx512, MixedVnni>>;
}

}  // namespace quiver::simd
#endif
