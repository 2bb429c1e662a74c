#include "quiver/index/internal/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

// Whole numbers, so that every distance is exact and the reference may compare for equality.
Matrix whole_numbers(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = static_cast<float>(random.below(9)) - 4;
  }
  return out;
}

// The rule as the header writes it.
std::vector<std::uint32_t> by_the_rule(const Matrix& points, const std::vector<Hit>& candidates, std::size_t most,
                                       float slack) {
  std::vector<Hit> sorted = candidates;
  std::sort(sorted.begin(), sorted.end(), closer);
  std::vector<std::uint32_t> chosen, passed;
  for (const Hit& c : sorted) {
    const bool hidden = std::any_of(chosen.begin(), chosen.end(), [&](std::uint32_t s) {
      return static_cast<double>(slack) * squared_l2(points.row(s), points.row(c.row)) <
             static_cast<double>(c.distance);
    });
    (hidden || chosen.size() == most ? passed : chosen).push_back(c.row);
  }
  for (const std::uint32_t row : passed) {
    if (chosen.size() < most) chosen.push_back(row);
  }
  return chosen;
}

TEST(Prune, ChoosesByTheRuleOfOcclusion) {
  PruneScratch scratch;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed, 99);
    const std::size_t rows = 2 + random.below(120), dims = 1 + random.below(20);
    const Matrix points = whole_numbers(rows, dims, seed);
    const std::size_t most = 1 + random.below(40);
    const float slack = random.below(2) == 0 ? 1.0F : 1.25F;
    std::vector<Hit> candidates;
    for (std::uint32_t i = 1; i < rows; ++i) {
      const Hit hit{i, static_cast<float>(squared_l2(points.row(0), points.row(i)))};
      candidates.push_back(hit);
    }
    random.shuffle(std::span(candidates));
    const auto expected = by_the_rule(points, candidates, most, slack);
    std::vector<std::uint32_t> chosen{7, 7};
    prune(points.view(), candidates, most, slack, scratch, chosen);
    ASSERT_EQ(chosen, expected) << "seed " << seed;
  }
}

TEST(Prune, OneInEachDirectionThenTheClosestThatWerePassedOver) {
  Matrix points(5, 2);
  const float at[5][2] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {0, 5}};
  for (std::size_t i = 0; i < 5; ++i) std::copy_n(at[i], 2, points.row(i).data());
  std::vector<Hit> candidates{{4, 25}, {3, 9}, {2, 4}, {1, 1}};
  PruneScratch scratch;
  std::vector<std::uint32_t> chosen;
  prune(points.view(), candidates, 2, 1, scratch, chosen);
  EXPECT_THAT(chosen, ElementsAre(1, 4));
  prune(points.view(), candidates, 3, 1, scratch, chosen);
  EXPECT_THAT(chosen, ElementsAre(1, 4, 2));
  prune(points.view(), candidates, 99, 1, scratch, chosen);
  EXPECT_THAT(chosen, ElementsAre(1, 4, 2, 3));
  prune(points.view(), candidates, 0, 1, scratch, chosen);
  EXPECT_THAT(chosen, IsEmpty());
  candidates.clear();
  prune(points.view(), candidates, 4, 1, scratch, chosen);
  EXPECT_THAT(chosen, IsEmpty());
}

TEST(Prune, EqualPointsDoNotHideOneAnother) {
  const Matrix points = all_alike(40, 3, 1);
  std::vector<Hit> candidates;
  for (std::uint32_t i = 39; i > 0; --i) candidates.push_back({i, 0});
  PruneScratch scratch;
  std::vector<std::uint32_t> chosen;
  prune(points.view(), candidates, 32, 1, scratch, chosen);
  ASSERT_EQ(chosen.size(), 32U);
  for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(chosen[i], i + 1);
}

}  // namespace
}  // namespace quiver::internal
