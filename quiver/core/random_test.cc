#include "quiver/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "quiver/core/statistics.h"

namespace quiver {
namespace {

// The known-answer vectors of Philox 4x32-10 (counter and key all zero, all ones).
TEST(RandomTest, MatchesThePublishedVectors) {
  Random zero(0, 0);
  EXPECT_EQ(zero.u32(), 0x6627e8d5U);
  EXPECT_EQ(zero.u32(), 0xe169c58dU);
  EXPECT_EQ(zero.u32(), 0xbc57ac4cU);
  EXPECT_EQ(zero.u32(), 0x9b00dbd8U);
  Random ones(~std::uint64_t{0}, ~std::uint64_t{0});
  ones.skip_to(~std::uint64_t{0});
  EXPECT_EQ(ones.u32(), 0x408f276dU);
  EXPECT_EQ(ones.u32(), 0x41c83b0eU);
  EXPECT_EQ(ones.u32(), 0xa20bc7c6U);
  EXPECT_EQ(ones.u32(), 0x6d5451fdU);
}
TEST(RandomTest, SkippingEqualsDrawing) {
  Random walked(5, 9), jumped(5, 9);
  for (int i = 0; i < 40; ++i) walked.u32();
  jumped.skip_to(10);
  EXPECT_EQ(walked.u32(), jumped.u32());
}
TEST(RandomTest, BelowIsInRangeAndEven) {
  Random random(3);
  std::vector<int> counts(7, 0);
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 450);
  EXPECT_EQ(random.below(1), 0U);
}
TEST(RandomTest, NormalHasItsMoments) {
  Random random(4);
  std::vector<double> draws(50000);
  for (double& d : draws) d = random.normal();
  EXPECT_NEAR(mean_of(draws), 0, 0.02);
  EXPECT_NEAR(variance_of(draws), 1, 0.03);
}
TEST(RandomTest, UniformStaysBelowOne) {
  Random random(6);
  for (int i = 0; i < 10000; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
  }
}
TEST(RandomTest, PermutationsAndSamples) {
  Random random(8);
  auto order = random.permutation(100);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
  const auto some = random.sample(1000, 50);
  EXPECT_EQ(std::set<std::uint32_t>(some.begin(), some.end()).size(), 50U);
  EXPECT_TRUE(std::is_sorted(some.begin(), some.end()));
  EXPECT_LT(some.back(), 1000U);
  EXPECT_EQ(random.sample(3, 10), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_TRUE(random.permutation(0).empty());
}
TEST(RandomTest, StreamsAndSeedsDiffer) {
  EXPECT_NE(Random(1, 0).u64(), Random(1, 1).u64());
  EXPECT_NE(Random(1, 0).u64(), Random(2, 0).u64());
  EXPECT_NE(stream_of("sampler"), stream_of("dropout"));
  EXPECT_NE(mix(1, 2), mix(2, 1));
}

}  // namespace
}  // namespace quiver
