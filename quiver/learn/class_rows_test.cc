#include "quiver/learn/class_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace quiver::learn {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kClassSeed = 23;

TEST(ClassRowsTest, PositivesAreOfTheClassAndNegativesAreNot) {
  const auto classes = ClassRows::create({0, 2, 2, 0, 2, 5, 5}, "letters");  // classes 1, 3 and 4 have no rows
  ASSERT_TRUE(classes.has_value()) << classes.error().message();
  Random random(kClassSeed);
  std::vector<std::set<std::uint32_t>> positives(7);
  for (int round = 0; round < 200; ++round) {
    for (std::uint32_t row = 0; row < 7; ++row) {
      const std::uint32_t positive = classes->positive(row, random);
      EXPECT_NE(positive, row) << "seed " << kClassSeed;
      EXPECT_EQ(classes->label(positive), classes->label(row)) << "seed " << kClassSeed;
      positives[row].insert(positive);
      std::vector<std::uint32_t> negatives{99};
      classes->negatives(row, 2, random, negatives);
      ASSERT_EQ(negatives.size(), 3u) << "appended";
      EXPECT_NE(classes->label(negatives[1]), classes->label(row)) << "seed " << kClassSeed;
      EXPECT_NE(classes->label(negatives[2]), classes->label(row)) << "seed " << kClassSeed;
      EXPECT_NE(classes->label(negatives[1]), classes->label(negatives[2])) << "two other classes: one each";
    }
  }
  EXPECT_THAT(positives[1], testing::ElementsAre(2, 4));
  EXPECT_THAT(positives[2], testing::ElementsAre(1, 4));
}

TEST(ClassRowsTest, MoreNegativesThanClassesGoRoundAgain) {
  const auto classes = ClassRows::create({0, 0, 1, 1}, "two");
  Random random(kClassSeed);
  std::vector<std::uint32_t> negatives;
  classes->negatives(0, 5, random, negatives);
  ASSERT_EQ(negatives.size(), 5u);
  for (const std::uint32_t row : negatives) EXPECT_EQ(classes->label(row), 1u);
}

TEST(ClassRowsTest, SaysWhatCannotBeContrasted) {
  EXPECT_THAT(ClassRows::create({0, 0, 1}, "posts").error().message(),
              HasSubstr("class 1 has a single example, row 2, and so no positive"));
  EXPECT_THAT(ClassRows::create({3, 3, 3}, "posts").error().message(), HasSubstr("3 rows are of 1 class"));
  EXPECT_THAT(ClassRows::create({}, "posts").error().message(), HasSubstr("0 rows are of 0 class"));
}

}  // namespace
}  // namespace quiver::learn
