// What the tests of the kernels share: the levels of this CPU, sizes around every vector width, seeded draws, and a
// reference in double that knows each element type by arithmetic alone. For _test.cc files only.
//
//   Block block(Element::F16, 33, 12, seed);                        // twelve rows at an odd address and an odd stride
//   Expected want = reference(Metric::Dot, Element::F16, block.row(0), Element::F16, block.row(1), 33);
//   EXPECT_NEAR(got, want.value, tolerance(Metric::Dot, Element::F16, 33, want));
#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {

inline constexpr std::size_t kDims[] = {0,  1,  2,   3,   7,   8,   15,  16,  17,  31,  32,  33,   63,  64,
                                        65, 99, 100, 127, 128, 129, 255, 256, 300, 768, 960, 1000, 1536};
inline constexpr Metric kAllMetrics[] = {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming};
inline constexpr Element kAllElements[] = {Element::F32, Element::F16, Element::Bf16,
                                           Element::I8,  Element::U8,  Element::Bit};
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

inline std::vector<Level> levels() {
  std::vector<Level> present;
  for (const Level level : {Level::Scalar, Level::Avx2, Level::Avx512, Level::Neon})
    if (kernels_at(level)) present.push_back(level);
  return present;
}
inline std::string level_name(const testing::TestParamInfo<Level>& level) { return std::string(name(level.param)); }

// A counter hashed (SplitMix64's finalizer): the test's only randomness, the same everywhere.
struct Draws {
  std::uint64_t state;
  std::uint64_t bits() {
    std::uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
  }
  float uniform() { return static_cast<float>(bits() >> 40) * 0x1p-23f - 1.0f; }  // [-1, 1)
};

// Reference conversions by arithmetic on doubles, not by bits.
inline double half_value(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  double value;
  if (exponent == 31) {
    value = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else {
    value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  }
  return h & 0x8000 ? -value : value;
}

inline double bf16_value(std::uint16_t b) { return static_cast<double>(std::bit_cast<float>(std::uint32_t{b} << 16)); }

// A row of one element type, and its coordinates as doubles.
inline double coordinate(Element element, const std::byte* row, std::size_t i) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, row + i * sizeof(T), sizeof(T));
    return value;
  };
  switch (element) {
    case Element::F32:
      return static_cast<double>(read(float{}));
    case Element::F16:
      return half_value(read(std::uint16_t{}));
    case Element::Bf16:
      return bf16_value(read(std::uint16_t{}));
    case Element::I8:
      return read(std::int8_t{});
    case Element::U8:
      return read(std::uint8_t{});
    case Element::Bit:
      return static_cast<int>(row[i / 8] >> (i % 8)) & 1;
  }
  return 0;
}

inline void set_coordinate(Element element, std::byte* row, std::size_t i, std::uint64_t bits, float value) {
  const auto write = [&]<class T>(T v) { std::memcpy(row + i * sizeof(T), &v, sizeof(T)); };
  std::uint16_t narrow = 0;
  switch (element) {
    case Element::F32:
      return write(value);
    case Element::F16:
      kernels_at(Level::Scalar)->f32_to_f16(&value, &narrow, 1);
      return write(narrow);
    case Element::Bf16:
      kernels_at(Level::Scalar)->f32_to_bf16(&value, &narrow, 1);
      return write(narrow);
    case Element::I8:
    case Element::U8:
      return write(static_cast<std::uint8_t>(bits));
    case Element::Bit:
      if (bits & 1) row[i / 8] |= std::byte{1} << (i % 8);
      return;
  }
}

// Rows of random coordinates at an odd address and an odd stride. Extreme bytes (0, 255, -128) are frequent, and so are
// coordinates equal to the first row's, without which Hamming on floats would count everything.
struct Block {
  Element element;
  std::size_t dims, count, stride, bytes;
  std::vector<std::byte> storage;
  Block(Element e, std::size_t d, std::size_t n, std::uint64_t seed)
      : element(e), dims(d), count(n), stride(bytes_of(e, d) + 3), bytes(bytes_of(e, d)), storage(n * stride + 1) {
    Draws draws{seed};
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t i = 0; i < d; ++i) {
        const std::uint64_t bits = draws.bits();
        const float value = draws.uniform();
        const std::uint64_t kind = bits >> 60;
        if (kind < 2 && r > 0 && e != Element::Bit) {
          std::memcpy(row(r) + i * bits_of(e) / 8, row(0) + i * bits_of(e) / 8, bits_of(e) / 8);
        } else {
          const std::uint64_t extremes[] = {0, 255, 128, 127};
          set_coordinate(e, row(r), i, kind < 6 ? extremes[kind - 2 < 4 ? kind - 2 : 0] : bits, value);
        }
      }
    }
  }
  std::byte* base() { return storage.data() + 1; }
  std::byte* row(std::size_t r) { return base() + r * stride; }
};

struct Expected {
  double value = 0, scale = 0;  // scale: the sum of absolute terms
};

inline Expected reference(Metric metric, Element query_element, const std::byte* q, Element element, const std::byte* r,
                          std::size_t dims) {
  double sum = 0, scale = 0, qq = 0, rr = 0;
  for (std::size_t i = 0; i < dims; ++i) {
    const double a = coordinate(query_element, q, i), b = coordinate(element, r, i);
    double term = 0;
    switch (metric) {
      case Metric::L2:
        term = (a - b) * (a - b);
        break;
      case Metric::Dot:
      case Metric::Cosine:
        term = -a * b;
        break;
      case Metric::Manhattan:
        term = std::abs(a - b);
        break;
      case Metric::Hamming:
        term = a != b ? 1 : 0;
        break;
    }
    sum += term;
    scale += std::abs(term);
    qq += a * a;
    rr += b * b;
  }
  if (metric != Metric::Cosine) return {sum, scale};
  return {qq * rr == 0 ? 1.0 : 1 + sum / std::sqrt(qq * rr), 2.0};  // scale 2: in units of 2^-23
}

inline bool is_float(Element element) {
  return element == Element::F32 || element == Element::F16 || element == Element::Bf16;
}

inline double tolerance(Metric metric, Element element, std::size_t dims, const Expected& want) {
  const double last_place = 0x1p-24 * std::abs(want.value);
  if (metric == Metric::Hamming) return 0;
  if (!is_float(element)) return last_place;
  return static_cast<double>(error_ulps(dims)) * 0x1p-24 * want.scale;
}

}  // namespace quiver::simd::internal
