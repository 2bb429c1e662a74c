// The primitives of Arm's 128-bit vectors (Advanced SIMD, in every ARMv8-A processor: Graviton, Ampere, Apple, phones).
// Floats are held in pairs of vectors, so that eight 16-bit values, one load, widen to one Floats.
//
// Included by neon.cc and by neon_dotprod.cc, under whose flags sums of products of bytes compile to UDOT and SDOT.
// Bytes are multiplied as they are: a product of two fits in 16 bits, and pairs of them are added into 32. Where signed
// and unsigned bytes meet, the unsigned side is lowered by 128, a flip of the top bit, and 128 times the query's sum is
// added back:   sum q c = sum q (c - 128) + 128 sum q.
#pragma once

#include <arm_neon.h>

#include "quiver/simd/internal/levels.h"
#include "quiver/simd/internal/table_inl.h"

namespace quiver::simd {
namespace {

struct Neon {
  static constexpr std::size_t kFloats = 8, kBytes = 16, kUnroll = 2;
  struct Floats {
    float32x4_t low, high;
  };
  using Bytes = uint8x16_t;
  using Ints = int32x4_t;

  QUIVER_INLINE static uint8x16_t whole(const std::byte* p) noexcept {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  QUIVER_INLINE static uint8x8_t eight(const std::byte* p) noexcept {
    return vld1_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  // The first n < 16 bytes at p, the rest zero.
  QUIVER_INLINE static uint8x16_t first_bytes(const std::byte* p, std::size_t n) noexcept {
    const WordPair words = first_words(p, n);
    return vcombine_u8(vcreate_u8(words.low), vcreate_u8(words.high));
  }

  QUIVER_INLINE static Floats of_halves(uint8x16_t v) noexcept {
    const float16x8_t halves = vreinterpretq_f16_u8(v);
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
  }
  QUIVER_INLINE static Floats of_bf16(uint8x16_t v) noexcept {
    const uint16x8_t words = vreinterpretq_u16_u8(v);
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(words), 16)),
            vreinterpretq_f32_u32(vshll_high_n_u16(words, 16))};
  }
  QUIVER_INLINE static Floats of_codes(uint8x8_t v) noexcept {
    const uint16x8_t words = vmovl_u8(v);
    return {vcvtq_f32_u32(vmovl_u16(vget_low_u16(words))), vcvtq_f32_u32(vmovl_high_u16(words))};
  }
  QUIVER_INLINE static float32x4_t four(const std::byte* p) noexcept { return vreinterpretq_f32_u8(whole(p)); }
  QUIVER_INLINE static Floats load(F32, const std::byte* p) noexcept { return {four(p), four(p + 16)}; }
  QUIVER_INLINE static Floats load(F16, const std::byte* p) noexcept { return of_halves(whole(p)); }
  QUIVER_INLINE static Floats load(Bf16, const std::byte* p) noexcept { return of_bf16(whole(p)); }
  QUIVER_INLINE static Floats load(Code, const std::byte* p) noexcept { return of_codes(eight(p)); }
  QUIVER_INLINE static Floats load_part(F32, const std::byte* p, std::size_t n) noexcept {
    if (n < 4) return {vreinterpretq_f32_u8(first_bytes(p, 4 * n)), vdupq_n_f32(0)};
    return {four(p), vreinterpretq_f32_u8(first_bytes(p + 16, 4 * (n - 4)))};
  }
  QUIVER_INLINE static Floats load_part(F16, const std::byte* p, std::size_t n) noexcept {
    return of_halves(first_bytes(p, 2 * n));
  }
  QUIVER_INLINE static Floats load_part(Bf16, const std::byte* p, std::size_t n) noexcept {
    return of_bf16(first_bytes(p, 2 * n));
  }
  QUIVER_INLINE static Floats load_part(Code, const std::byte* p, std::size_t n) noexcept {
    return of_codes(vget_low_u8(first_bytes(p, n)));
  }
  QUIVER_INLINE static Floats load_some(F32 tag, const std::byte* p, std::size_t n) noexcept {
    return n >= kFloats ? load(tag, p) : load_part(tag, p, n);
  }
  QUIVER_INLINE static void store(F32, float* p, Floats a) noexcept {
    vst1q_f32(p, a.low);
    vst1q_f32(p + 4, a.high);
  }
  QUIVER_INLINE static void store(F16, std::uint16_t* p, Floats a) noexcept {
    vst1q_u16(p, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(a.low), a.high)));
  }
  QUIVER_INLINE static uint32x4_t rounded(float32x4_t a) noexcept {  // to bf16, in the upper half of each lane
    const uint32x4_t bits = vreinterpretq_u32_f32(a), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t up = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    return vbslq_u32(vceqq_f32(a, a), up, vorrq_u32(bits, vdupq_n_u32(0x400000)));
  }
  QUIVER_INLINE static void store(Bf16, std::uint16_t* p, Floats a) noexcept {
    vst1q_u16(p, vshrn_high_n_u32(vshrn_n_u32(rounded(a.low), 16), rounded(a.high), 16));
  }
  QUIVER_INLINE static void store(I8, std::int8_t* p, Floats a) noexcept {
    const int16x4_t low = vmovn_s32(vcvtq_s32_f32(a.low)), high = vmovn_s32(vcvtq_s32_f32(a.high));
    vst1_s8(p, vmovn_s16(vcombine_s16(low, high)));
  }

  QUIVER_INLINE static Floats zero_floats() noexcept { return fill(0); }
  QUIVER_INLINE static Floats fill(float value) noexcept { return {vdupq_n_f32(value), vdupq_n_f32(value)}; }
  QUIVER_INLINE static Floats add(Floats a, Floats b) noexcept {
    return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
  }
  QUIVER_INLINE static Floats sub(Floats a, Floats b) noexcept {
    return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
  }
  QUIVER_INLINE static Floats mul(Floats a, Floats b) noexcept {
    return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
  }
  QUIVER_INLINE static Floats fma(Floats a, Floats b, Floats c) noexcept {
    return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
  }
  QUIVER_INLINE static Floats abs(Floats a) noexcept { return {vabsq_f32(a.low), vabsq_f32(a.high)}; }
  // As on x86, b where a is NaN: the instruction FMIN would give NaN.
  QUIVER_INLINE static float32x4_t lesser(float32x4_t a, float32x4_t b) noexcept {
    return vbslq_f32(vcltq_f32(a, b), a, b);
  }
  QUIVER_INLINE static Floats min(Floats a, Floats b) noexcept {
    return {lesser(a.low, b.low), lesser(a.high, b.high)};
  }
  QUIVER_INLINE static Floats max(Floats a, Floats b) noexcept {
    return {vmaxq_f32(a.low, b.low), vmaxq_f32(a.high, b.high)};
  }
  QUIVER_INLINE static Floats divide(Floats a, Floats b) noexcept {
    return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
  }
  QUIVER_INLINE static Floats root(Floats a) noexcept { return {vsqrtq_f32(a.low), vsqrtq_f32(a.high)}; }
  QUIVER_INLINE static float32x4_t raise(float32x4_t a, float32x4_t n) noexcept {
    const uint32x4_t exponent = vshlq_n_u32(vreinterpretq_u32_f32(n), 23);
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a), exponent));
  }
  QUIVER_INLINE static Floats raise(Floats a, Floats n) noexcept {
    return {raise(a.low, n.low), raise(a.high, n.high)};
  }
  QUIVER_INLINE static float lowest(Floats a) noexcept { return vminvq_f32(lesser(a.low, a.high)); }
  QUIVER_INLINE static float32x4_t one_where_unequal(float32x4_t a, float32x4_t b) noexcept {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(vdupq_n_f32(1)), vceqq_f32(a, b)));
  }
  QUIVER_INLINE static Floats count_unequal(Floats s, Floats a, Floats b) noexcept {
    return add(s, {one_where_unequal(a.low, b.low), one_where_unequal(a.high, b.high)});
  }
  // Upper vector onto lower, then (0 + 1) + (2 + 3) of the four that remain.
  QUIVER_INLINE static float32x4_t onto_lower(Floats a) noexcept { return vaddq_f32(a.low, a.high); }
  QUIVER_INLINE static float total(Floats a) noexcept { return vaddvq_f32(onto_lower(a)); }
  QUIVER_INLINE static void total4(const Floats (&s)[4], float (&out)[4]) noexcept {
    const float32x4_t ab = vpaddq_f32(onto_lower(s[0]), onto_lower(s[1]));
    vst1q_f32(out, vpaddq_f32(ab, vpaddq_f32(onto_lower(s[2]), onto_lower(s[3]))));
  }
  QUIVER_INLINE static float highest(Floats a) noexcept { return vmaxvq_f32(vmaxq_f32(a.low, a.high)); }
  QUIVER_INLINE static unsigned at_most(Floats a, float threshold) noexcept {
    const float32x4_t limit = vdupq_n_f32(threshold);
    const uint16x8_t lanes = vmovn_high_u32(vmovn_u32(vcleq_f32(a.low, limit)), vcleq_f32(a.high, limit));
    return vaddv_u8(vand_u8(vmovn_u16(lanes), vcreate_u8(0x8040201008040201)));
  }
  QUIVER_INLINE static std::size_t append(unsigned mask, std::uint32_t first, std::uint32_t* out) noexcept {
    return append_bits(mask, first, out);
  }

  QUIVER_INLINE static Bytes load_bytes(const std::byte* p) noexcept { return whole(p); }
  QUIVER_INLINE static Bytes load_bytes_part(const std::byte* p, std::size_t n) noexcept {
    return n >= kBytes ? whole(p) : first_bytes(p, n);
  }
  QUIVER_INLINE static Bytes flip(Bytes a) noexcept { return veorq_u8(a, vdupq_n_u8(0x80)); }
  QUIVER_INLINE static Bytes bit_xor(Bytes a, Bytes b) noexcept { return veorq_u8(a, b); }
  QUIVER_INLINE static Bytes bit_and(Bytes a, Bytes b) noexcept { return vandq_u8(a, b); }
  QUIVER_INLINE static Ints zero_ints() noexcept { return vdupq_n_s32(0); }
  QUIVER_INLINE static Ints add(Ints a, Ints b) noexcept { return vaddq_s32(a, b); }

  // s + sums of products of bytes, four or more a lane: of unsigned ones, of signed ones, and of unsigned ones by 1.
  QUIVER_INLINE static Ints multiply_unsigned(Ints s, Bytes a, Bytes b) noexcept {
    const uint32x4_t sum = vreinterpretq_u32_s32(s);
#if defined(__ARM_FEATURE_DOTPROD)
    return vreinterpretq_s32_u32(vdotq_u32(sum, a, b));
#else
    const uint32x4_t half = vpadalq_u16(sum, vmull_u8(vget_low_u8(a), vget_low_u8(b)));
    return vreinterpretq_s32_u32(vpadalq_u16(half, vmull_high_u8(a, b)));
#endif
  }
  QUIVER_INLINE static Ints multiply_signed(Ints s, Bytes a, Bytes b) noexcept {
    const int8x16_t x = vreinterpretq_s8_u8(a), y = vreinterpretq_s8_u8(b);
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(s, x, y);
#else
    return vpadalq_s16(vpadalq_s16(s, vmull_s8(vget_low_s8(x), vget_low_s8(y))), vmull_high_s8(x, y));
#endif
  }
  QUIVER_INLINE static Ints add_bytes(Ints s, Bytes a) noexcept {
#if defined(__ARM_FEATURE_DOTPROD)
    return multiply_unsigned(s, a, vdupq_n_u8(1));
#else
    return vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(s), vpaddlq_u8(a)));
#endif
  }
  QUIVER_INLINE static Ints count_unequal(Ints s, Bytes a, Bytes b) noexcept {
    return add_bytes(s, vaddq_u8(vceqq_u8(a, b), vdupq_n_u8(1)));  // equal bytes give 255, which is -1
  }
  QUIVER_INLINE static Ints popcount(Ints s, Bytes a) noexcept { return add_bytes(s, vcntq_u8(a)); }
  QUIVER_INLINE static std::int32_t total(Ints a) noexcept { return vaddvq_s32(a); }
  QUIVER_INLINE static void total4(const Ints (&s)[4], std::int32_t (&out)[4]) noexcept {
    vst1q_s32(out, vpaddq_s32(vpaddq_s32(s[0], s[1]), vpaddq_s32(s[2], s[3])));
  }
  QUIVER_INLINE static Ints add_words64(Ints s, const std::byte* p) noexcept {
    return vreinterpretq_s32_u64(vaddq_u64(vreinterpretq_u64_s32(s), vreinterpretq_u64_u8(whole(p))));
  }

  QUIVER_INLINE static void float_nibbles(const std::byte* p, std::size_t n, Floats& low, Floats& high) noexcept {
    const uint8x8_t packed = n >= kFloats ? eight(p) : vget_low_u8(first_bytes(p, n));
    low = of_codes(vand_u8(packed, vdup_n_u8(15)));
    high = of_codes(vshr_n_u8(packed, 4));
  }
  QUIVER_INLINE static void nibbles(const std::byte* p, std::size_t n, Bytes (&to)[4]) noexcept {
    QUIVER_UNROLL
    for (std::size_t k = 0; k < 2; ++k) {
      const Bytes packed = load_bytes_part(p + k * kBytes, past(n, k * kBytes));
      to[k] = vandq_u8(packed, vdupq_n_u8(15));
      to[k + 2] = vshrq_n_u8(packed, 4);
    }
  }
  QUIVER_INLINE static void halves(const std::byte* low, std::size_t low_count, const std::byte* high,
                                   std::size_t high_count, Bytes (&to)[4]) noexcept {
    QUIVER_UNROLL
    for (std::size_t k = 0; k < 2; ++k) {
      to[k] = load_bytes_part(low + k * kBytes, past(low_count, k * kBytes));
      to[k + 2] = load_bytes_part(high + k * kBytes, past(high_count, k * kBytes));
    }
  }
};

struct NeonUnsigned : Integer<Neon> {
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept { return self(s, vabdq_u8(q, r)); }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept { return Neon::multiply_unsigned(s, q, r); }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return product(s, r, r); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return Neon::add_bytes(s, vabdq_u8(q, r)); }
};

// A difference of signed bytes without its sign is an unsigned byte.
struct NeonSigned : Integer<Neon> {
  QUIVER_INLINE static Vector between(Vector q, Vector r) noexcept {
    return vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(q), vreinterpretq_s8_u8(r)));
  }
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept { return NeonUnsigned::self(s, between(q, r)); }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept { return Neon::multiply_signed(s, q, r); }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return product(s, r, r); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return Neon::add_bytes(s, between(q, r)); }
};

// Signed query, unsigned codes. Past the end the query is zero, whatever the flipped codes hold there.
struct NeonMixedProduct : OneSum<Neon, NeonSigned> {
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept { s = NeonSigned::product(s, q, Neon::flip(r)); }
  // 128 times the query's sum.
  template <class Load>
  QUIVER_INLINE static std::int32_t prepare(const std::byte* query, std::size_t units) noexcept {
    const Vector one = vdupq_n_u8(1);
    Sum s = zero();
    std::size_t i = 0;
    for (; i + Load::kStep <= units; i += Load::kStep) s = NeonSigned::product(s, Load::query(query, i), one);
    if (i < units) s = NeonSigned::product(s, Load::query_part(query, i, units - i), one);
    return 128 * Neon::total(s);
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], std::int32_t shift, float* out) noexcept {
    std::int32_t total[R];
    totals<Neon>(sum, total);
    for (std::size_t r = 0; r < R; ++r) out[r] = static_cast<float>(total[r] + shift);
  }
};

void fill_neon_integers(Kernels& table) noexcept {
  fill_element<Neon, NeonSigned, ByteRows<Neon>>(table, Element::I8);
  fill_element<Neon, NeonUnsigned, ByteRows<Neon>>(table, Element::U8);
  fill_bits<Neon>(table);
  table.dot_i8_u8 = &block<ByteRows<Neon>, NeonMixedProduct>;
  table.dot_i8_u4 = &block<ByteNibbleRows<Neon>, BlockProduct<Neon, NeonSigned>>;  // codes below 16 are no less signed
}

}  // namespace
}  // namespace quiver::simd
