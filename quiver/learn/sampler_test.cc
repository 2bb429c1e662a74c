#include "quiver/learn/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace quiver::learn {
namespace {
using testing::HasSubstr;

TEST(KeyedPermutationTest, HitsEveryNumberOnce) {
  for (const std::uint64_t n : {1, 2, 3, 4, 5, 16, 17, 255, 256, 257, 1000}) {
    const KeyedPermutation permutation(n, 42 + n);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t to = permutation(i);
      ASSERT_LT(to, n);
      seen.insert(to);
    }
    EXPECT_EQ(seen.size(), n);
  }
}

TEST(KeyedPermutationTest, KeysGiveDifferentOrders) {
  const KeyedPermutation one(1000, 1), two(1000, 2);
  int same = 0, fixed = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    same += one(i) == two(i);
    fixed += one(i) == i;
  }
  EXPECT_LT(same, 12);  // 1 expected
  EXPECT_LT(fixed, 12);
}

std::vector<std::uint32_t> own_groups(std::uint32_t rows) {
  std::vector<std::uint32_t> groups(rows);
  std::iota(groups.begin(), groups.end(), 0U);
  return groups;
}

TEST(PairSamplerTest, AnEpochTakesEveryRowOnce) {
  const auto sampler = PairSampler::create(own_groups(60), {.batch = 20, .seed = 3});
  ASSERT_TRUE(sampler.has_value());
  std::vector<std::uint32_t> rows;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::uint32_t> seen;
    for (std::uint64_t step = 3 * epoch; step < 3 * epoch + 3; ++step) {
      sampler->draw(step, rows);
      seen.insert(rows.begin(), rows.end());
    }
    EXPECT_EQ(seen.size(), 60U);
  }
}

TEST(PairSamplerTest, BatchesHoldDistinctGroups) {
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < 300; ++i) groups.push_back(i / 6);  // 50 groups of six
  const auto sampler = PairSampler::create(groups, {.batch = 50, .seed = 5});
  ASSERT_TRUE(sampler.has_value());
  std::vector<std::uint32_t> rows;
  for (std::uint64_t step = 0; step < 20; ++step) {
    sampler->draw(step, rows);
    std::set<std::uint32_t> distinct;
    for (const std::uint32_t row : rows) distinct.insert(sampler->group(row));
    EXPECT_EQ(rows.size(), 50U);
    EXPECT_EQ(distinct.size(), 50U);
  }
}

TEST(PairSamplerTest, ABatchIsAFunctionOfSeedNameAndStep) {
  const auto draw = [](std::uint64_t seed, std::string_view name, std::uint64_t step) {
    std::vector<std::uint32_t> rows;
    PairSampler::create(own_groups(500), {.batch = 32, .seed = seed, .name = name})->draw(step, rows);
    return rows;
  };
  EXPECT_EQ(draw(1, "a", 7), draw(1, "a", 7));
  EXPECT_NE(draw(1, "a", 7), draw(1, "a", 8));
  EXPECT_NE(draw(1, "a", 7), draw(2, "a", 7));
  EXPECT_NE(draw(1, "a", 7), draw(1, "b", 7));
}

TEST(PairSamplerTest, RefusesWhatCannotBeDrawn) {
  EXPECT_THAT(PairSampler::create({}, {.batch = 4}).error().message(), HasSubstr("the 0 rows have 0"));
  EXPECT_THAT(PairSampler::create({1, 1, 2}, {.batch = 3, .name = "pairs"}).error().message(),
              HasSubstr("sampling 'pairs': a batch of 3 needs as many different groups, the 3 rows have 2"));
  EXPECT_THAT(PairSampler::create({1}, {.batch = 0}).error().message(), HasSubstr("0 rows"));
}

}  // namespace
}  // namespace quiver::learn
