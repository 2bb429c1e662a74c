// Every level against a reference in double, on every metric and element type, at sizes around every vector width.
// Float results must lie within the bound that kernels.h documents, integers must be exact, and a row's result must
// not depend on how it was reached.
#include "quiver/simd/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "quiver/simd/bandwidth.h"
#include "quiver/simd/packed_u4.h"

namespace quiver::simd {
namespace {

constexpr std::size_t kDims[] = {0,  1,  2,   3,   7,   8,   15,  16,  17,  31,  32,  33,   63,  64,
                                 65, 99, 100, 127, 128, 129, 255, 256, 300, 768, 960, 1000, 1536};
constexpr Metric kAllMetrics[] = {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming};
constexpr Element kAllElements[] = {Element::F32, Element::F16, Element::Bf16, Element::I8, Element::U8, Element::Bit};
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<Level> levels() {
  std::vector<Level> present;
  for (const Level level : {Level::Scalar, Level::Avx2, Level::Avx512})
    if (kernels_at(level)) present.push_back(level);
  return present;
}

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
double half_value(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  double value;
  if (exponent == 31) {
    value = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else {
    value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  }
  return h & 0x8000 ? -value : value;
}

double bf16_value(std::uint16_t b) { return static_cast<double>(std::bit_cast<float>(std::uint32_t{b} << 16)); }

// A row of one element type, and its coordinates as doubles.
double coordinate(Element element, const std::byte* row, std::size_t i) {
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

void set_coordinate(Element element, std::byte* row, std::size_t i, std::uint64_t bits, float value) {
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

Expected reference(Metric metric, Element query_element, const std::byte* q, Element element, const std::byte* r,
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

bool is_float(Element element) {
  return element == Element::F32 || element == Element::F16 || element == Element::Bf16;
}

double tolerance(Metric metric, Element element, std::size_t dims, const Expected& want) {
  const double last_place = 0x1p-24 * std::abs(want.value);
  if (metric == Metric::Hamming) return 0;
  if (!is_float(element)) return last_place;
  return static_cast<double>(error_ulps(dims)) * 0x1p-24 * want.scale;
}

class EveryKernel : public testing::TestWithParam<Level> {};

TEST_P(EveryKernel, AgreesWithTheReferenceInEverySize) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : kAllElements) {
    for (const std::size_t dims : kDims) {
      const std::uint64_t seed = 1000 * dims + static_cast<std::uint64_t>(element);
      Block block(element, dims, 12, seed);  // row 0 is the query
      const std::vector<std::uint32_t> gathered = {7, 1, 1, 11, 3, 0, 9};
      for (const Metric metric : kAllMetrics) {
        SCOPED_TRACE(testing::Message() << name(GetParam()) << ' ' << name(metric) << ' ' << name(element) << " dims "
                                        << dims << " seed " << seed);
        const BlockKernel kernel = k.distance(metric, element);
        ASSERT_NE(kernel, nullptr);
        for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 12u}) {
          std::vector<float> out(count + 1, -77.0f);
          kernel(block.row(0), block.base(), block.stride, nullptr, count, dims, out.data());
          EXPECT_EQ(out[count], -77.0f) << "wrote past count " << count;
          for (std::size_t r = 0; r < count; ++r) {
            const Expected want = reference(metric, element, block.row(0), element, block.row(r), dims);
            EXPECT_NEAR(out[r], want.value, tolerance(metric, element, dims, want)) << "row " << r << " of " << count;
          }
        }
        std::vector<float> all(12), picked(gathered.size());
        kernel(block.row(0), block.base(), block.stride, nullptr, 12, dims, all.data());
        kernel(block.row(0), block.base(), block.stride, gathered.data(), gathered.size(), dims, picked.data());
        for (std::size_t i = 0; i < gathered.size(); ++i)
          EXPECT_EQ(std::bit_cast<std::uint32_t>(picked[i]), std::bit_cast<std::uint32_t>(all[gathered[i]]))
              << "row " << gathered[i] << " differs by place";
        const bool zero = reference(Metric::Dot, element, block.row(0), element, block.row(0), dims).value == 0;
        if (metric == Metric::Cosine) {
          EXPECT_EQ(all[0], zero ? 1.0f : 0.0f) << "a row against itself";
        }
      }
    }
  }
}

TEST_P(EveryKernel, AgreesWithScalarWithinBothBounds) {
  const Kernels& k = *kernels_at(GetParam());
  const Kernels& scalar = *kernels_at(Level::Scalar);
  for (const Element element : kAllElements) {
    for (const std::size_t dims : kDims) {
      Block block(element, dims, 9, dims + 5);
      for (const Metric metric : kAllMetrics) {
        SCOPED_TRACE(testing::Message() << name(metric) << ' ' << name(element) << " dims " << dims);
        float got[9], want[9];
        k.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 9, dims, got);
        scalar.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 9, dims, want);
        for (std::size_t r = 0; r < 9; ++r) {
          const Expected exact = reference(metric, element, block.row(0), element, block.row(r), dims);
          const double bound = is_float(element) ? 2 * tolerance(metric, element, dims, exact) : 0;
          EXPECT_NEAR(got[r], want[r], bound) << "row " << r;
        }
      }
    }
  }
}

TEST_P(EveryKernel, HalfRowsTakeFloatQueries) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t dims : kDims) {
    Block queries(Element::F32, dims, 1, dims), rows(Element::F16, dims, 6, dims + 1);
    for (const Metric metric : {Metric::L2, Metric::Dot}) {
      SCOPED_TRACE(testing::Message() << name(metric) << " dims " << dims);
      float out[6];
      (metric == Metric::L2 ? k.l2_f32_f16 : k.dot_f32_f16)(queries.row(0), rows.base(), rows.stride, nullptr, 6, dims,
                                                            out);
      for (std::size_t r = 0; r < 6; ++r) {
        const Expected want = reference(metric, Element::F32, queries.row(0), Element::F16, rows.row(r), dims);
        EXPECT_NEAR(out[r], want.value, tolerance(metric, Element::F32, dims, want));
      }
    }
  }
}

TEST_P(EveryKernel, CodeProductsReadBytesAndPackedNibbles) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t dims : kDims) {
    SCOPED_TRACE(testing::Message() << name(GetParam()) << " dims " << dims);
    constexpr std::size_t kRows = 7;
    Block floats(Element::F32, dims, 1, dims), signed_query(Element::I8, dims, 1, dims),
        codes(Element::U8, dims, kRows, dims);
    const std::size_t packed_stride = packed_u4_bytes(dims) + 1;
    std::vector<std::uint8_t> nibbles(kRows * dims), packed(kRows * packed_stride, 0xee);
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < dims; ++i) nibbles[r * dims + i] = static_cast<std::uint8_t>(codes.row(r)[i]) & 15u;
      pack_u4(nibbles.data() + r * dims, dims, packed.data() + r * packed_stride);
    }
    const auto* packed_base = reinterpret_cast<const std::byte*>(packed.data());
    float f8[kRows], i8[kRows], f4[kRows], i4[kRows];
    k.dot_f32_u8(floats.row(0), codes.base(), codes.stride, nullptr, kRows, dims, f8);
    k.dot_i8_u8(signed_query.row(0), codes.base(), codes.stride, nullptr, kRows, dims, i8);
    k.dot_f32_u4(floats.row(0), packed_base, packed_stride, nullptr, kRows, dims, f4);
    k.dot_i8_u4(signed_query.row(0), packed_base, packed_stride, nullptr, kRows, dims, i4);
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto* row4 = reinterpret_cast<const std::byte*>(nibbles.data() + r * dims);
      const Expected wf8 = reference(Metric::Dot, Element::F32, floats.row(0), Element::U8, codes.row(r), dims);
      const Expected wf4 = reference(Metric::Dot, Element::F32, floats.row(0), Element::U8, row4, dims);
      const Expected wi8 = reference(Metric::Dot, Element::I8, signed_query.row(0), Element::U8, codes.row(r), dims);
      const Expected wi4 = reference(Metric::Dot, Element::I8, signed_query.row(0), Element::U8, row4, dims);
      EXPECT_NEAR(f8[r], -wf8.value, tolerance(Metric::Dot, Element::F32, dims, wf8));
      EXPECT_NEAR(f4[r], -wf4.value, tolerance(Metric::Dot, Element::F32, dims, wf4));
      EXPECT_EQ(i8[r], static_cast<float>(-wi8.value));
      EXPECT_EQ(i4[r], static_cast<float>(-wi4.value));
    }
  }
}

TEST_P(EveryKernel, IntegersAreExactAtTheLargestDims) {
  const Kernels& k = *kernels_at(GetParam());
  const std::size_t dims = kMaxIntegerDims;
  std::vector<std::uint8_t> high(dims, 255), low(dims, 0), most_negative(dims, 128), most_positive(dims, 127);
  const auto bytes = [](const std::vector<std::uint8_t>& v) { return reinterpret_cast<const std::byte*>(v.data()); };
  const auto one = [&](BlockKernel kernel, const auto& q, const auto& r) {
    float out = 0;
    kernel(q.data(), bytes(r), dims, nullptr, 1, dims, &out);
    return static_cast<double>(out);
  };
  const double n = static_cast<double>(dims);
  EXPECT_EQ(one(k.distance(Metric::L2, Element::U8), high, low),
            static_cast<double>(static_cast<float>(255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::U8), high, high),
            static_cast<double>(static_cast<float>(-255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Manhattan, Element::U8), high, low), 255 * n);
  EXPECT_EQ(one(k.distance(Metric::L2, Element::I8), most_negative, most_positive),
            static_cast<double>(static_cast<float>(255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::I8), most_negative, most_negative), -128. * 128 * n);
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::I8), most_negative, most_positive), 128. * 127 * n);
  EXPECT_EQ(one(k.dot_i8_u8, most_negative, high), -128. * 255 * n);
}

TEST_P(EveryKernel, NaNReachesTheResultFromAnyCoordinate) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : {Element::F32, Element::F16, Element::Bf16}) {
    for (const std::size_t dims : {1u, 15u, 33u, 130u}) {
      for (const std::size_t at : {std::size_t{0}, dims / 2, dims - 1}) {
        for (const std::size_t bad_row : {0u, 2u}) {  // row 0 is the query too
          Block block(element, dims, 4, dims);
          set_coordinate(element, block.row(bad_row), at, 0, kNaN);
          for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan}) {
            float out[4];
            k.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 4, dims, out);
            SCOPED_TRACE(testing::Message() << name(metric) << ' ' << name(element) << " at " << at << " of " << dims);
            EXPECT_TRUE(std::isnan(out[bad_row]));
            EXPECT_EQ(std::isnan(out[1]), bad_row == 0);
          }
          float out[4];
          k.distance(Metric::Hamming, element)(block.row(0), block.base(), block.stride, nullptr, 4, dims, out);
          EXPECT_EQ(out[0], bad_row == 0 ? 1.0f : 0.0f);
        }
      }
    }
  }
}

TEST_P(EveryKernel, ZeroVectorsAreAtCosineDistanceOne) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : kAllElements) {
    Block block(element, 70, 3, 1);
    std::fill(block.row(1), block.row(1) + block.bytes, std::byte{0});
    float from_row[3], from_zero[3];
    k.distance(Metric::Cosine, element)(block.row(0), block.base(), block.stride, nullptr, 3, 70, from_row);
    k.distance(Metric::Cosine, element)(block.row(1), block.base(), block.stride, nullptr, 3, 70, from_zero);
    EXPECT_EQ(from_row[1], 1.0f) << name(element);
    for (const float distance : from_zero) EXPECT_EQ(distance, 1.0f) << name(element);
  }
}

TEST_P(EveryKernel, SignedZerosAreEqualCoordinates) {
  const float query[3] = {0.0f, -0.0f, 1.0f}, row[3] = {-0.0f, 0.0f, -1.0f};
  float out = 0;
  kernels_at(GetParam())
      ->distance(Metric::Hamming, Element::F32)(query, reinterpret_cast<const std::byte*>(row), sizeof row, nullptr, 1,
                                                3, &out);
  EXPECT_EQ(out, 1.0f);
}

TEST_P(EveryKernel, ArraysAreSummedAndBounded) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kDims) {
    std::vector<float> values(count + 1);
    Draws draws{count};
    for (float& value : values) value = draws.uniform();
    const float* first = values.data() + 1;
    double sum = 0, scale = 0, squares = 0;
    float least = kInf, most = -kInf;
    for (std::size_t i = 0; i < count; ++i) {
      const double v = static_cast<double>(first[i]);
      sum += v;
      scale += std::abs(v);
      squares += v * v;
      least = std::min(least, first[i]);
      most = std::max(most, first[i]);
    }
    float low = 0, high = 0;
    k.min_max(first, count, &low, &high);
    EXPECT_EQ(low, least) << count;
    EXPECT_EQ(high, most) << count;
    const double ulps = static_cast<double>(error_ulps(count)) * 0x1p-24;
    EXPECT_NEAR(k.sum(first, count), sum, ulps * scale) << count;
    EXPECT_NEAR(k.squared_norm(first, count), squares, ulps * squares) << count;
  }
}

TEST_P(EveryKernel, EveryHalfConvertsBothWays) {
  const Kernels& k = *kernels_at(GetParam());
  std::vector<std::uint16_t> all(65536), back(65536);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  std::vector<float> wide(65536);
  k.f16_to_f32(all.data(), wide.data(), all.size());
  k.f32_to_f16(wide.data(), back.data(), all.size());
  for (const std::uint16_t h : all) {
    const double want = half_value(h);
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(wide[h])) << h;
      EXPECT_EQ(back[h], h | 0x0200) << h;
    } else {
      EXPECT_EQ(static_cast<double>(wide[h]), want) << h;
      EXPECT_EQ(std::signbit(wide[h]), (h & 0x8000) != 0) << h;
      EXPECT_EQ(back[h], h) << h;
    }
  }
  k.bf16_to_f32(all.data(), wide.data(), all.size());
  k.f32_to_bf16(wide.data(), back.data(), all.size());
  for (const std::uint16_t b : all) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(wide[b]), std::uint32_t{b} << 16) << b;
    EXPECT_EQ(back[b], std::isnan(wide[b]) ? b | 0x0040 : b) << b;
  }
}

// Around the middle of each pair of neighbouring narrow values: below goes down, above goes up, the middle to even.
TEST_P(EveryKernel, NarrowingRoundsToNearestEven) {
  const Kernels& k = *kernels_at(GetParam());
  for (std::uint32_t h = 0; h < 0x7c00; ++h) {
    const double low = half_value(static_cast<std::uint16_t>(h));
    const double high = h == 0x7bff ? 65536.0 : half_value(static_cast<std::uint16_t>(h + 1));
    const auto middle = static_cast<float>((low + high) / 2);
    const float from[6] = {std::nextafter(middle, 0.0f),  middle,  std::nextafter(middle, kInf),
                           -std::nextafter(middle, 0.0f), -middle, -std::nextafter(middle, kInf)};
    std::uint16_t to[6];
    k.f32_to_f16(from, to, 6);
    const std::uint32_t even = h & 1 ? h + 1 : h;
    const std::uint32_t want[3] = {h, even, h + 1};
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(to[i], want[i]) << from[i];
      ASSERT_EQ(to[i + 3], want[i] | 0x8000) << from[i + 3];
    }
  }
  for (std::uint32_t b = 0; b < 0x7f80; ++b) {
    const std::uint32_t middle = b << 16 | 0x8000;
    const float from[3] = {std::bit_cast<float>(middle - 1), std::bit_cast<float>(middle),
                           std::bit_cast<float>(middle + 1)};
    std::uint16_t to[3];
    k.f32_to_bf16(from, to, 3);
    ASSERT_EQ(to[0], b);
    ASSERT_EQ(to[1], b & 1 ? b + 1 : b);
    ASSERT_EQ(to[2], b + 1);
  }
  const float special[4] = {kInf, -kInf, 1e10f, -1e10f};
  std::uint16_t to[4];
  k.f32_to_f16(special, to, 4);
  EXPECT_EQ(to[0], 0x7c00);
  EXPECT_EQ(to[1], 0xfc00);
  EXPECT_EQ(to[2], 0x7c00);
  EXPECT_EQ(to[3], 0xfc00);
}

TEST_P(EveryKernel, SelectionKeepsTiesAndOrderAndDropsNaN) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kDims) {
    std::vector<float> values(count);
    Draws draws{count + 3};
    for (float& value : values) {
      const std::uint64_t kind = draws.bits() % 8;
      value = kind == 0 ? kNaN : kind == 1 ? 0.25f : draws.uniform();
    }
    for (const float threshold : {-kInf, -1.0f, 0.25f, kInf, kNaN}) {
      std::vector<std::uint32_t> want, got(count + 1, 0xabababab);
      for (std::size_t i = 0; i < count; ++i)
        if (values[i] <= threshold) want.push_back(static_cast<std::uint32_t>(i));
      const std::size_t n = k.select_below(values.data(), count, threshold, got.data());
      EXPECT_EQ(got[count], 0xabababab);
      got.resize(n);
      EXPECT_EQ(got, want) << "count " << count << " threshold " << threshold;
    }
  }
}

TEST_P(EveryKernel, StreamReadSumsWords) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t bytes : {0u, 1u, 7u, 8u, 9u, 255u, 256u, 257u, 1000u, 4096u, 5003u}) {
    std::vector<std::byte> data(bytes + 1);
    Draws draws{bytes};
    for (std::byte& b : data) b = static_cast<std::byte>(draws.bits());
    std::uint64_t want = 0;
    for (std::size_t i = 0; i < bytes; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, data.data() + 1 + i, std::min<std::size_t>(8, bytes - i));
      want += word;
    }
    EXPECT_EQ(k.stream_read(data.data() + 1, bytes), want) << bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, EveryKernel, testing::ValuesIn(levels()),
                         [](const auto& level) { return std::string(name(level.param)); });

TEST_P(EveryKernel, MultiplyAddConvergesAndCounts) {
  std::size_t operations = 0;  // x <- 0.999 x + 0.001 has its fixed point at 1
  const float sum = kernels_at(GetParam())->multiply_add(20000, &operations);
  EXPECT_NEAR(sum, static_cast<double>(operations) / 40000.0, 1e-3 * static_cast<double>(operations) / 40000.0);
}

TEST(Bandwidth, IsPositiveAndZeroForNothing) {
  const std::vector<std::byte> buffer(1 << 20, std::byte{1});
  EXPECT_GT(read_bandwidth(buffer.data(), buffer.size()), 1e6);
  EXPECT_EQ(read_bandwidth(buffer.data(), 0), 0.0);
  EXPECT_GT(multiply_add_peak(), 1e6);
  EXPECT_EQ(stream_read(buffer.data(), 16), 2 * 0x0101010101010101u);
}

TEST(PackedU4, PacksTheDocumentedLayout) {
  std::vector<std::uint8_t> codes(67);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i * 7 % 16);
  std::vector<std::uint8_t> row(packed_u4_bytes(codes.size()));
  ASSERT_EQ(row.size(), 34u);
  pack_u4(codes.data(), codes.size(), row.data());
  EXPECT_EQ(row[0], codes[0] | codes[32] << 4);
  EXPECT_EQ(row[31], codes[31] | codes[63] << 4);
  EXPECT_EQ(row[32], codes[64] | codes[66] << 4);  // the last block: three codes, half = 2
  EXPECT_EQ(row[33], codes[65]);
}

TEST(PackedU4, UnpacksWhatItPacked) {
  for (const std::size_t dims : kDims) {
    std::vector<std::uint8_t> codes(dims), row(packed_u4_bytes(dims)), back(dims);
    Draws draws{dims};
    for (std::uint8_t& code : codes) code = draws.bits() & 15;
    pack_u4(codes.data(), dims, row.data());
    unpack_u4(row.data(), dims, back.data());
    EXPECT_EQ(back, codes) << dims;
    for (std::size_t i = 0; i < dims; ++i) ASSERT_EQ(packed_u4_at(row.data(), dims, i), codes[i]) << dims << ' ' << i;
  }
}

TEST(Elements, HaveSizesAndNames) {
  EXPECT_EQ(bytes_of(Element::Bit, 9), 2u);
  EXPECT_EQ(bytes_of(Element::F16, 9), 18u);
  EXPECT_EQ(bytes_of(Element::F32, 0), 0u);
  EXPECT_EQ(name(Element::Bf16), "bf16");
  EXPECT_EQ(name(Metric::Manhattan), "manhattan");
}

TEST(Dispatch, EveryTableIsComplete) {
  for (const Level level : levels()) {
    const Kernels& k = *kernels_at(level);
    EXPECT_EQ(k.level, level);
    for (const Metric metric : kAllMetrics)
      for (const Element element : kAllElements) EXPECT_NE(k.distance(metric, element), nullptr);
    for (const BlockKernel kernel : {k.l2_f32_f16, k.dot_f32_f16, k.dot_f32_u8, k.dot_f32_u4, k.dot_i8_u8, k.dot_i8_u4})
      EXPECT_NE(kernel, nullptr);
  }
  EXPECT_EQ(kernels_at(static_cast<Level>(9)), nullptr);
  EXPECT_EQ(features().avx2, kernels_at(Level::Avx2) != nullptr);
  EXPECT_FALSE(feature_list().empty());
}

// The choice is made once per process, so each wish is tried in a fresh one that inherits it and reports by its exit
// status whether it runs `level` and says `note`.
void expect_choice(const char* wish, Level level, std::string_view note) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  setenv("QUIVER_SIMD", wish, 1);
  EXPECT_EXIT(std::exit(kernels().level == level && level_note().find(note) != std::string_view::npos ? 0 : 1),
              testing::ExitedWithCode(0), "")
      << wish;
  unsetenv("QUIVER_SIMD");
}

TEST(DispatchDeathTest, ObeysQuiverSimd) {
  const Level best = levels().back();
  expect_choice("", best, "the best level this CPU has");
  expect_choice("scalar", Level::Scalar, "scalar, as QUIVER_SIMD asks");
  expect_choice("neon", best, "QUIVER_SIMD is 'neon', which is no level: use scalar, avx2 or avx512");
  for (const Level level : {Level::Avx2, Level::Avx512}) {
    const bool present = kernels_at(level) != nullptr;
    expect_choice(name(level).data(), present ? level : best, present ? "as QUIVER_SIMD asks" : "lacks");
  }
}

}  // namespace
}  // namespace quiver::simd
