// The level without intrinsics: vectors are arrays of eight, which compilers turn into whatever the target always has
// (SSE2, NEON). It runs everywhere, and the other levels are tested against it.
#include "quiver/simd/internal/levels.h"
#include "quiver/simd/internal/table_inl.h"

namespace quiver::simd {
namespace {

QUIVER_INLINE std::uint32_t bits_of_float(float value) noexcept {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits;
}

QUIVER_INLINE float float_of_bits(std::uint32_t bits) noexcept {
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

// Exponent and mantissa land in binary32's places; times 2^112 corrects the bias, subnormal or not. An exponent of all
// ones becomes that of binary32, and a NaN quiet.
QUIVER_INLINE float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fffu) << 13;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  std::uint32_t bits = bits_of_float(float_of_bits(magnitude) * 0x1p112f);
  bits = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : bits;
  bits = magnitude > 0x0f800000u ? bits | 0x00400000u : bits;
  return float_of_bits(bits | sign);
}

QUIVER_INLINE std::uint16_t float_to_half(float value) noexcept {
  const std::uint32_t bits = bits_of_float(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | (magnitude >> 13 & 0x3ffu);
  } else if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: one unit in the last place of 0.5f is the smallest half
    half = bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

QUIVER_INLINE std::uint16_t float_to_bf16(float value) noexcept {
  const std::uint32_t bits = bits_of_float(value);
  const std::uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<std::uint16_t>(nan ? bits >> 16 | 0x40u : rounded);
}

// Arrays of W, each operation a loop over the lanes.
struct Lanes {
  static constexpr std::size_t kFloats = 8, kBytes = 8, kUnroll = 1;
  struct Floats {
    float v[kFloats];
  };
  struct Bytes {
    std::uint8_t v[kBytes];
  };
  struct Words {
    std::int16_t v[kBytes];
  };
  struct Ints {
    std::int32_t v[kBytes];
  };

  template <class To, class F>
  QUIVER_INLINE static To each(F f) noexcept {
    To to;
    for (std::size_t i = 0; i < 8; ++i) to.v[i] = f(i);
    return to;
  }

  QUIVER_INLINE static float read(F32, const std::byte* p) noexcept {
    float value;
    __builtin_memcpy(&value, p, 4);
    return value;
  }
  QUIVER_INLINE static std::uint16_t read_u16(const std::byte* p) noexcept {
    std::uint16_t value;
    __builtin_memcpy(&value, p, 2);
    return value;
  }
  QUIVER_INLINE static float read(F16, const std::byte* p) noexcept { return half_to_float(read_u16(p)); }
  QUIVER_INLINE static float read(Bf16, const std::byte* p) noexcept {
    return float_of_bits(static_cast<std::uint32_t>(read_u16(p)) << 16);
  }
  QUIVER_INLINE static float read(Code, const std::byte* p) noexcept { return static_cast<float>(*p); }

  template <class Tag>
  QUIVER_INLINE static Floats load(Tag tag, const std::byte* p) noexcept {
    return each<Floats>([=](std::size_t i) { return read(tag, p + i * Tag::kBytes); });
  }
  template <class Tag>
  QUIVER_INLINE static Floats load_part(Tag tag, const std::byte* p, std::size_t n) noexcept {
    Floats to{};
    for (std::size_t i = 0; i < n; ++i) to.v[i] = read(tag, p + i * Tag::kBytes);
    return to;
  }
  template <class Tag>
  QUIVER_INLINE static Floats load_some(Tag tag, const std::byte* p, std::size_t n) noexcept {
    return load_part(tag, p, n < kFloats ? n : kFloats);
  }
  QUIVER_INLINE static void store(F32, float* p, Floats a) noexcept { __builtin_memcpy(p, a.v, sizeof a); }
  QUIVER_INLINE static void store(F16, std::uint16_t* p, Floats a) noexcept {
    for (std::size_t i = 0; i < kFloats; ++i) p[i] = float_to_half(a.v[i]);
  }
  QUIVER_INLINE static void store(Bf16, std::uint16_t* p, Floats a) noexcept {
    for (std::size_t i = 0; i < kFloats; ++i) p[i] = float_to_bf16(a.v[i]);
  }
  QUIVER_INLINE static void store(I8, std::int8_t* p, Floats a) noexcept {
    for (std::size_t i = 0; i < kFloats; ++i) p[i] = static_cast<std::int8_t>(a.v[i]);
  }

  QUIVER_INLINE static Floats zero_floats() noexcept { return {}; }
  QUIVER_INLINE static Floats fill(float value) noexcept {
    return each<Floats>([=](std::size_t) { return value; });
  }
  QUIVER_INLINE static Floats add(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] + b.v[i]; });
  }
  QUIVER_INLINE static Floats sub(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] - b.v[i]; });
  }
  QUIVER_INLINE static Floats mul(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] * b.v[i]; });
  }
  QUIVER_INLINE static Floats fma(Floats a, Floats b, Floats c) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] * b.v[i] + c.v[i]; });
  }
  QUIVER_INLINE static Floats abs(Floats a) noexcept {
    return each<Floats>([&](std::size_t i) { return __builtin_fabsf(a.v[i]); });
  }
  QUIVER_INLINE static Floats min(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  QUIVER_INLINE static Floats max(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  QUIVER_INLINE static Floats divide(Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return a.v[i] / b.v[i]; });
  }
  QUIVER_INLINE static Floats root(Floats a) noexcept {
    return each<Floats>([&](std::size_t i) { return __builtin_sqrtf(a.v[i]); });
  }
  QUIVER_INLINE static Floats raise(Floats a, Floats n) noexcept {
    return each<Floats>(
        [&](std::size_t i) { return float_of_bits(bits_of_float(a.v[i]) + (bits_of_float(n.v[i]) << 23)); });
  }
  QUIVER_INLINE static Floats count_unequal(Floats s, Floats a, Floats b) noexcept {
    return each<Floats>([&](std::size_t i) { return s.v[i] + (a.v[i] != b.v[i] ? 1.0f : 0.0f); });
  }
  QUIVER_INLINE static float total(Floats a) noexcept {
    return ((a.v[0] + a.v[4]) + (a.v[2] + a.v[6])) + ((a.v[1] + a.v[5]) + (a.v[3] + a.v[7]));
  }
  QUIVER_INLINE static float lowest(Floats a) noexcept {
    float low = a.v[0];
    for (const float lane : a.v) low = lane < low ? lane : low;
    return low;
  }
  QUIVER_INLINE static float highest(Floats a) noexcept {
    float high = a.v[0];
    for (const float lane : a.v) high = lane > high ? lane : high;
    return high;
  }
  QUIVER_INLINE static unsigned at_most(Floats a, float threshold) noexcept {
    unsigned mask = 0;
    for (std::size_t i = 0; i < kFloats; ++i) mask |= (a.v[i] <= threshold ? 1u : 0u) << i;
    return mask;
  }
  QUIVER_INLINE static std::size_t append(unsigned mask, std::uint32_t first, std::uint32_t* out) noexcept {
    return append_bits(mask, first, out);
  }

  QUIVER_INLINE static Bytes load_bytes(const std::byte* p) noexcept {
    Bytes to;
    __builtin_memcpy(to.v, p, sizeof to);
    return to;
  }
  QUIVER_INLINE static Bytes load_bytes_part(const std::byte* p, std::size_t n) noexcept {
    Bytes to{};
    for (std::size_t i = 0; i < n && i < kBytes; ++i) to.v[i] = static_cast<std::uint8_t>(p[i]);
    return to;
  }
  QUIVER_INLINE static Bytes flip(Bytes a) noexcept {
    return each<Bytes>([&](std::size_t i) { return static_cast<std::uint8_t>(a.v[i] ^ 0x80u); });
  }
  QUIVER_INLINE static Bytes bit_xor(Bytes a, Bytes b) noexcept {
    return each<Bytes>([&](std::size_t i) { return static_cast<std::uint8_t>(a.v[i] ^ b.v[i]); });
  }
  QUIVER_INLINE static Bytes bit_and(Bytes a, Bytes b) noexcept {
    return each<Bytes>([&](std::size_t i) { return static_cast<std::uint8_t>(a.v[i] & b.v[i]); });
  }
  QUIVER_INLINE static Words unsigned_words(Bytes a) noexcept {
    return each<Words>([&](std::size_t i) { return static_cast<std::int16_t>(a.v[i]); });
  }
  QUIVER_INLINE static Words signed_words(Bytes a) noexcept {
    return each<Words>([&](std::size_t i) { return static_cast<std::int16_t>(static_cast<std::int8_t>(a.v[i])); });
  }
  QUIVER_INLINE static Words sub(Words a, Words b) noexcept {
    return each<Words>([&](std::size_t i) { return static_cast<std::int16_t>(a.v[i] - b.v[i]); });
  }
  QUIVER_INLINE static Ints zero_ints() noexcept { return {}; }
  QUIVER_INLINE static Ints add(Ints a, Ints b) noexcept {
    return each<Ints>([&](std::size_t i) { return a.v[i] + b.v[i]; });
  }
  QUIVER_INLINE static Ints madd(Ints s, Words a, Words b) noexcept {
    return each<Ints>([&](std::size_t i) { return s.v[i] + a.v[i] * b.v[i]; });
  }
  QUIVER_INLINE static Ints sad(Ints s, Bytes a, Bytes b) noexcept {
    return each<Ints>([&](std::size_t i) { return s.v[i] + (a.v[i] > b.v[i] ? a.v[i] - b.v[i] : b.v[i] - a.v[i]); });
  }
  QUIVER_INLINE static Ints count_unequal(Ints s, Bytes a, Bytes b) noexcept {
    return each<Ints>([&](std::size_t i) { return s.v[i] + (a.v[i] != b.v[i]); });
  }
  QUIVER_INLINE static Ints popcount(Ints s, Bytes a) noexcept {  // the classic halving sums, on one 64-bit word
    std::uint64_t x;
    __builtin_memcpy(&x, a.v, 8);
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    s.v[0] += static_cast<std::int32_t>(x * 0x0101010101010101u >> 56);
    return s;
  }
  QUIVER_INLINE static std::int32_t total(Ints a) noexcept {
    std::int32_t sum = 0;
    for (const std::int32_t lane : a.v) sum += lane;
    return sum;
  }
  template <class Vector, class Scalar>
  QUIVER_INLINE static void total4(const Vector (&sum)[4], Scalar (&out)[4]) noexcept {
    for (std::size_t r = 0; r < 4; ++r) out[r] = total(sum[r]);
  }
  QUIVER_INLINE static Ints add_words64(Ints s, const std::byte* p) noexcept {
    std::uint64_t sum, word;
    __builtin_memcpy(&sum, s.v, 8);
    __builtin_memcpy(&word, p, 8);
    sum += word;
    __builtin_memcpy(s.v, &sum, 8);
    return s;
  }

  QUIVER_INLINE static void float_nibbles(const std::byte* p, std::size_t n, Floats& low, Floats& high) noexcept {
    const Bytes packed = load_bytes_part(p, n);
    low = each<Floats>([&](std::size_t i) { return static_cast<float>(packed.v[i] & 15); });
    high = each<Floats>([&](std::size_t i) { return static_cast<float>(packed.v[i] >> 4); });
  }
  QUIVER_INLINE static void nibbles(const std::byte* p, std::size_t n, Bytes (&to)[8]) noexcept {
    for (std::size_t k = 0; k < 4; ++k) {
      const Bytes packed = load_bytes_part(p + k * kBytes, past(n, k * kBytes));
      to[k] = each<Bytes>([&](std::size_t i) { return static_cast<std::uint8_t>(packed.v[i] & 15); });
      to[k + 4] = each<Bytes>([&](std::size_t i) { return static_cast<std::uint8_t>(packed.v[i] >> 4); });
    }
  }
  QUIVER_INLINE static void halves(const std::byte* low, std::size_t low_count, const std::byte* high,
                                   std::size_t high_count, Bytes (&to)[8]) noexcept {
    for (std::size_t k = 0; k < 4; ++k) {
      to[k] = load_bytes_part(low + k * kBytes, past(low_count, k * kBytes));
      to[k + 4] = load_bytes_part(high + k * kBytes, past(high_count, k * kBytes));
    }
  }
};

}  // namespace

void fill_scalar(Kernels& table) noexcept {
  table.level = Level::Scalar;
  fill_all<Lanes>(table);
}

}  // namespace quiver::simd
