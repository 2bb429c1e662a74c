// Neighbour blocks at every level: the scan against sums in whole numbers, the tables against double, and the least of
// an array.
#include "quiver/simd/neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {
namespace {

constexpr std::size_t kGroups[] = {4, 8, 48, 116, 256};
constexpr std::uint16_t kHalfInfinity = 0x7c00, kHalfNaN = 0x7e00;

struct Line {
  alignas(64) std::byte bytes[64];
};

// A block and a query's tables, both on 64-byte boundaries, of random codes, entries, offsets and slopes.
struct Scene {
  std::size_t groups;
  std::vector<Line> block_lines, entry_lines;
  NeighbourTables tables;

  Scene(std::size_t g, std::uint64_t seed) : groups(g), block_lines(block_bytes(g) / 64), entry_lines(16 * g / 64) {
    Draws draws{seed};
    for (std::size_t i = 0; i < 16 * groups; ++i) {
      block()[i] = static_cast<std::byte>(draws.bits());
      entries()[i] = static_cast<std::uint8_t>(draws.bits());
    }
    for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
      set_offset(j, half(200 * draws.uniform()));
      set_slope(j, half(40 * draws.uniform()));
      const auto row = static_cast<std::uint32_t>(draws.bits());
      std::memcpy(block() + block_rows_at(groups) + 4 * j, &row, 4);
    }
    tables = {entries(), groups, 0.01F + std::abs(draws.uniform()) / 16, draws.uniform()};
  }
  static std::uint16_t half(float value) {
    std::uint16_t out = 0;
    kernels_at(Level::Scalar)->f32_to_f16(&value, &out, 1);
    return out;
  }
  std::byte* block() { return block_lines.front().bytes; }
  std::uint8_t* entries() { return reinterpret_cast<std::uint8_t*>(entry_lines.front().bytes); }
  void set_offset(std::size_t j, std::uint16_t value) {
    std::memcpy(block() + block_offsets_at(groups) + 2 * j, &value, 2);
  }
  void set_slope(std::size_t j, std::uint16_t value) {
    std::memcpy(block() + block_slopes_at(groups) + 2 * j, &value, 2);
  }
  double half_at(std::size_t at, std::size_t j) {
    std::uint16_t value = 0;
    std::memcpy(&value, block() + at + 2 * j, 2);
    return half_value(value);
  }
  // The sum of entries that the codes of neighbour j name, from the layout in neighbours.h alone.
  std::uint32_t sum_of(std::size_t j) {
    std::uint32_t sum = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      const auto both = std::to_integer<unsigned>(block()[16 * g + j % 16]);
      sum += entries()[16 * g + (j < 16 ? both & 15U : both >> 4)];
    }
    return sum;
  }
};

class EveryNeighbourKernel : public testing::TestWithParam<Level> {};
INSTANTIATE_TEST_SUITE_P(Levels, EveryNeighbourKernel, testing::ValuesIn(levels()), level_name);

TEST_P(EveryNeighbourKernel, ScanEstimatesWhatTheLayoutSays) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t groups : kGroups) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Scene scene(groups, 1000 * groups + seed);
      float out[kBlockNeighbours], reference[kBlockNeighbours];
      const float base = 3.5F;
      for (const float below : {-kInf, -100.0F, 0.0F, 50.0F, kInf, kNaN}) {
        const std::uint32_t mask = k.neighbour_scan(scene.block(), scene.tables, base, below, out);
        for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
          const double dot = static_cast<double>(scene.sum_of(j)) * static_cast<double>(scene.tables.scale) +
                             static_cast<double>(scene.tables.bias);
          const double offset = scene.half_at(block_offsets_at(groups), j);
          const double slope = scene.half_at(block_slopes_at(groups), j);
          const double want = static_cast<double>(base) + offset + slope * dot;
          const double scale = static_cast<double>(base) + std::abs(offset) + std::abs(slope * dot);
          ASSERT_NEAR(static_cast<double>(out[j]), want, 4 * 0x1p-24 * scale) << groups << " groups, place " << j;
          ASSERT_EQ(mask >> j & 1U, out[j] < below ? 1U : 0U) << groups << " groups, place " << j << " below " << below;
        }
        ASSERT_EQ(kernels_at(Level::Scalar)->neighbour_scan(scene.block(), scene.tables, base, below, reference), mask)
            << groups << " groups, seed " << seed;
        ASSERT_EQ(std::memcmp(out, reference, sizeof out), 0) << groups << " groups, seed " << seed;
      }
    }
  }
}

// With scale 1, bias 0, offset 0 and slope 1 an estimate is its sum, which must be exact up to the largest.
TEST_P(EveryNeighbourKernel, SumsAreExactUpToTheLargest) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t groups : kGroups) {
    Scene scene(groups, groups);
    scene.tables.scale = 1;
    scene.tables.bias = 0;
    for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
      scene.set_offset(j, 0);
      scene.set_slope(j, Scene::half(1));
    }
    float out[kBlockNeighbours];
    k.neighbour_scan(scene.block(), scene.tables, 0, kInf, out);
    for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
      ASSERT_EQ(out[j], static_cast<float>(scene.sum_of(j))) << groups << " groups, place " << j;
    }
    std::fill_n(scene.entries(), 16 * groups, std::uint8_t{255});
    EXPECT_EQ(k.neighbour_scan(scene.block(), scene.tables, 0, kInf, out), 0xffffffffU);
    for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
      ASSERT_EQ(out[j], static_cast<float>(255 * groups)) << groups << " groups, place " << j;
    }
    // Neighbours side by side share lanes: the largest beside the least must not carry over.
    for (std::size_t i = 0; i < 16 * groups; ++i) {
      scene.entries()[i] = i % 16 == 15 ? 255 : 0;
      scene.block()[i] = i % 2 == 0 ? std::byte{0xf0} : std::byte{0x0f};
    }
    k.neighbour_scan(scene.block(), scene.tables, 0, kInf, out);
    for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
      const bool largest = j < 16 ? j % 2 == 1 : j % 2 == 0;
      ASSERT_EQ(out[j], largest ? static_cast<float>(255 * groups) : 0.0F) << groups << " groups, place " << j;
    }
  }
}

TEST_P(EveryNeighbourKernel, CodeSumsAreThoseOfTheLayout) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t groups : kGroups) {
    Scene scene(groups, groups + 3);
    for (const bool largest : {false, true}) {
      if (largest) std::fill_n(scene.entries(), 16 * groups, std::uint8_t{255});
      for (const std::uint32_t limit : {0U, 1U, scene.sum_of(3), scene.sum_of(3) - 1, 32767U, 32768U, 65535U}) {
        std::uint16_t sums[kBlockNeighbours];
        const std::uint32_t within =
            k.code_sums(scene.block(), scene.entries(), groups, static_cast<std::uint16_t>(limit), sums);
        for (std::size_t j = 0; j < kBlockNeighbours; ++j) {
          ASSERT_EQ(sums[j], scene.sum_of(j)) << groups << " groups, place " << j;
          ASSERT_EQ(within >> j & 1U, sums[j] <= limit ? 1U : 0U) << groups << " groups, place " << j << ", " << limit;
        }
      }
    }
  }
}

TEST_P(EveryNeighbourKernel, EmptyPlacesAndNaNAreNeverCloser) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t groups : kGroups) {
    Scene scene(groups, groups + 7);
    for (std::size_t j = 0; j < kBlockNeighbours; j += 3) {
      scene.set_offset(j, kHalfInfinity);
      scene.set_slope(j, 0);
    }
    for (std::size_t j = 1; j < kBlockNeighbours; j += 3) scene.set_offset(j, kHalfNaN);
    float out[kBlockNeighbours];
    std::uint32_t expected = 0;
    for (std::size_t j = 2; j < kBlockNeighbours; j += 3) expected |= 1U << j;
    EXPECT_EQ(k.neighbour_scan(scene.block(), scene.tables, 1, kInf, out), expected) << groups;
    for (std::size_t j = 0; j < kBlockNeighbours; j += 3) EXPECT_EQ(out[j], kInf);
    for (std::size_t j = 1; j < kBlockNeighbours; j += 3) EXPECT_TRUE(std::isnan(out[j]));
    EXPECT_EQ(k.neighbour_scan(scene.block(), scene.tables, kNaN, kInf, out), 0U);
    EXPECT_EQ(k.neighbour_scan(scene.block(), scene.tables, kInf, kInf, out), 0U);
  }
}

// Groups of 0, 1, 2, ... dimensions; what the bytes say is what the values are, within half a step a group.
TEST_P(EveryNeighbourKernel, TablesAreTheProductsInBytes) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t groups : kGroups) {
    std::vector<std::uint16_t> starts{0};
    for (std::size_t g = 0; g < groups; ++g) starts.push_back(static_cast<std::uint16_t>(starts.back() + g % 5));
    const std::size_t dims = starts.back();
    Draws draws{groups};
    std::vector<float> query(dims), centroids(16 * dims), values(16 * groups);
    for (float& x : query) x = 3 * draws.uniform();
    for (float& x : centroids) x = draws.uniform();
    std::vector<std::uint8_t> entries(16 * groups);
    float scale = 0, bias = 0;
    k.neighbour_tables(query.data(), centroids.data(), starts.data(), groups, values.data(), entries.data(), &scale,
                       &bias);
    double range = 0, lows = 0;
    std::vector<double> products(16 * groups), least(groups);
    for (std::size_t g = 0; g < groups; ++g) {
      for (std::size_t c = 0; c < 16; ++c) {
        for (std::size_t i = starts[g]; i < starts[g + 1]; ++i) {
          products[16 * g + c] += static_cast<double>(query[i]) * static_cast<double>(centroids[16 * i + c]);
        }
      }
      const auto [low, high] = std::minmax_element(products.begin() + static_cast<std::ptrdiff_t>(16 * g),
                                                   products.begin() + static_cast<std::ptrdiff_t>(16 * g + 16));
      least[g] = *low;
      lows += *low;
      range = std::max(range, *high - *low);
    }
    std::vector<float> same_values(16 * groups);
    std::vector<std::uint8_t> same_entries(16 * groups);
    float same_scale = 0, same_bias = 0;
    kernels_at(Level::Scalar)
        ->neighbour_tables(query.data(), centroids.data(), starts.data(), groups, same_values.data(),
                           same_entries.data(), &same_scale, &same_bias);
    EXPECT_EQ(values, same_values) << groups;
    std::vector<float> plain(16 * groups, kNaN), same_plain(16 * groups);
    k.group_products(query.data(), centroids.data(), starts.data(), groups, plain.data());
    kernels_at(Level::Scalar)->group_products(query.data(), centroids.data(), starts.data(), groups, same_plain.data());
    EXPECT_EQ(plain, same_plain) << groups;
    EXPECT_EQ(entries, same_entries) << groups;
    EXPECT_EQ(scale, same_scale) << groups;
    EXPECT_EQ(bias, same_bias) << groups;
    const double step = range / 255;
    EXPECT_NEAR(static_cast<double>(scale), step, 1e-5 * step) << groups;
    EXPECT_NEAR(static_cast<double>(bias), lows, 1e-5 * range * static_cast<double>(groups)) << groups;
    EXPECT_EQ(*std::max_element(entries.begin(), entries.end()), 255) << groups;
    for (std::size_t i = 0; i < 16 * groups; ++i) {
      const double above = products[i] - least[i / 16];
      ASSERT_NEAR(static_cast<double>(values[i]), above, 1e-5 * range) << i;
      ASSERT_NEAR(static_cast<double>(plain[i]), products[i], 1e-5 * range) << i;
      ASSERT_NEAR(static_cast<double>(entries[i]), above / step, 0.501) << i;
    }
  }
}

TEST_P(EveryNeighbourKernel, TablesOfNothingAreZero) {
  const Kernels& k = *kernels_at(GetParam());
  const std::vector<std::uint16_t> starts{0, 1, 2, 2, 2};
  const std::vector<float> centroids(32, 0.5F);
  for (const float x : {0.0F, 1.0F, 1e-42F}) {  // a zero query; centroids all alike; a range that no byte divides
    const float query[2] = {x, 0};
    std::vector<float> values(64, kNaN), varied = centroids;
    if (x < 1) varied[3] = 1;
    std::vector<std::uint8_t> entries(64, 77);
    float scale = kNaN, bias = kNaN;
    k.neighbour_tables(query, varied.data(), starts.data(), 4, values.data(), entries.data(), &scale, &bias);
    EXPECT_NEAR(static_cast<double>(scale), 0, 1e-40) << x;
    EXPECT_NEAR(static_cast<double>(bias), 0.5 * static_cast<double>(x), 1e-7) << x;
    for (const float value : values) EXPECT_NEAR(static_cast<double>(value), 0, 1e-40) << x;
    if (x == 0 || x == 1) {
      EXPECT_EQ(*std::max_element(entries.begin(), entries.end()), 0) << x;
    }
  }
}

TEST_P(EveryNeighbourKernel, LeastIsTheFirstOfTheLeast) {
  const Kernels& k = *kernels_at(GetParam());
  for (std::size_t count = 1; count <= 70; ++count) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      Draws draws{100 * count + seed};
      std::vector<float> values(count + 1, -kInf);  // what is behind the end must not count
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t kind = draws.bits() % 8;
        const float tied = static_cast<float>(draws.bits() % 3) - 1;
        values[i] = seed % 3 == 0 ? draws.uniform() : kind == 0 ? kNaN : kind == 1 ? kInf : tied;
      }
      std::size_t want = count;
      for (std::size_t i = 0; i < count; ++i) {
        if (!std::isnan(values[i]) && (want == count || values[i] < values[want])) want = i;
      }
      const std::size_t got = k.least(values.data(), count);
      ASSERT_LT(got, count);
      if (want < count) {
        ASSERT_EQ(got, want) << count << " values, seed " << seed;
      }
    }
    std::vector<float> alike(count, kInf);
    EXPECT_EQ(k.least(alike.data(), count), 0U) << count;
    alike.back() = 5;
    EXPECT_EQ(k.least(alike.data(), count), count - 1);
    const std::vector<float> none(count, kNaN);
    EXPECT_LT(k.least(none.data(), count), count);
    // An odd address.
    std::vector<float> shifted(count + 1, 9);
    shifted[count] = 1;
    EXPECT_EQ(k.least(shifted.data() + 1, count), count - 1);
  }
}

TEST_P(EveryNeighbourKernel, KeepsWhatIsBelow) {
  const Kernels& k = *kernels_at(GetParam());
  Draws draws{17};
  for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 40U, 333U}) {
    std::vector<float> values(count), wanted;
    std::vector<std::uint32_t> numbers(count), theirs;
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = i % 7 == 3 ? kNaN : draws.uniform();
      numbers[i] = static_cast<std::uint32_t>(1000 + i);
      if (values[i] < 0.25F) {
        wanted.push_back(values[i]);
        theirs.push_back(numbers[i]);
      }
    }
    ASSERT_EQ(k.keep_below(values.data(), numbers.data(), count, 0.25F), wanted.size()) << count;
    values.resize(wanted.size());
    numbers.resize(theirs.size());
    EXPECT_EQ(values, wanted) << count;
    EXPECT_EQ(numbers, theirs) << count;
  }
}

}  // namespace
}  // namespace quiver::simd::internal
