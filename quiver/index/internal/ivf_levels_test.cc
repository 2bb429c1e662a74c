#include "quiver/index/internal/ivf_levels.h"

#include <gtest/gtest.h>

namespace quiver::internal {
namespace {

IvfLevels::Trial tried(float slack, float candidates, double cost, double recall) {
  return {{slack, candidates, static_cast<float>(cost)}, cost, recall, recall - 0.01};
}

TEST(IvfLevels, KeepsWhatNothingCheaperReaches) {
  const IvfLevels levels =
      IvfLevels::of_trials({tried(2, 40, 50, 0.99), tried(1, 10, 10, 0.6), tried(1, 40, 20, 0.9),
                            tried(1.5F, 10, 30, 0.8), tried(1.5F, 20, 20, 0.85), tried(3, 80, 90, 0.99)});
  ASSERT_EQ(levels.calibration().steps().size(), 3U);
  EXPECT_EQ(levels.of(0.1F).slack, 1);
  EXPECT_EQ(levels.of(0.1F).candidates, 10);
  EXPECT_FLOAT_EQ(levels.of(0.89F).candidates, 40);
  // Half way between .89 and .98, the lower ends of what was measured.
  EXPECT_NEAR(levels.of(0.935F).slack, 1.5F, 1e-3F);
  EXPECT_NEAR(levels.of(0.935F).rows, 35, 0.1F);
  EXPECT_EQ(levels.of(1).slack, 2) << "out of reach: what came closest";
}

TEST(IvfLevels, WithoutTrialsThereIsAUsualLevel) {
  const IvfLevels none;
  EXPECT_GT(none.of(0.9F).slack, 1);
  EXPECT_GE(none.of(0.9F).candidates, 10);
}

}  // namespace
}  // namespace quiver::internal
