// The kernels over one array, at every level: sums and bounds, conversions between widths, selection, and the two
// yardsticks.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {
namespace {

class EveryArrayKernel : public testing::TestWithParam<Level> {};
INSTANTIATE_TEST_SUITE_P(Levels, EveryArrayKernel, testing::ValuesIn(levels()), level_name);

TEST_P(EveryArrayKernel, ArraysAreSummedAndBounded) {
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

TEST_P(EveryArrayKernel, EveryHalfConvertsBothWays) {
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
TEST_P(EveryArrayKernel, NarrowingRoundsToNearestEven) {
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

TEST_P(EveryArrayKernel, RoundingToBytesIsToTheNearestEven) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kDims) {
    std::vector<float> values(count + 1);
    Draws draws{count};
    for (float& value : values) value = 255 * draws.uniform();
    for (std::size_t i = 0; i < values.size(); i += 3) values[i] = std::floor(values[i]) + (i % 2 == 0 ? 0.5F : 0);
    for (float& value : values) value = std::clamp(value, -254.0F, 254.0F);
    std::vector<std::int8_t> codes(count + 1, 99);
    std::int32_t sum = 0;
    const std::int32_t got = k.round_to_i8(values.data() + 1, count, 0.5F, codes.data());
    for (std::size_t i = 0; i < count; ++i) {
      const auto want = static_cast<std::int32_t>(std::nearbyint(0.5F * values[i + 1]));
      sum += want;
      EXPECT_EQ(codes[i], want) << i << " of " << count;
    }
    EXPECT_EQ(got, sum) << count;
    EXPECT_EQ(codes[count], 99) << "written past the end of " << count;
  }
}

TEST_P(EveryArrayKernel, SelectionKeepsTiesAndOrderAndDropsNaN) {
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

TEST_P(EveryArrayKernel, StreamReadSumsWords) {
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

TEST_P(EveryArrayKernel, MultiplyAddConvergesAndCounts) {
  std::size_t operations = 0;  // x <- 0.999 x + 0.001 has its fixed point at 1
  const float sum = kernels_at(GetParam())->multiply_add(20000, &operations);
  EXPECT_NEAR(sum, static_cast<double>(operations) / 40000.0, 1e-3 * static_cast<double>(operations) / 40000.0);
}

}  // namespace
}  // namespace quiver::simd::internal
