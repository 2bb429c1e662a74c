#include "quiver/learn/schedule.h"

#include <gtest/gtest.h>

namespace quiver::learn {
namespace {

TEST(ScheduleTest, RisesThenFallsToTheFloor) {
  const Schedule schedule{.steps = 110, .warmup = 10, .floor = 0.1};
  EXPECT_DOUBLE_EQ(schedule.factor(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.factor(9), 1.0);
  EXPECT_DOUBLE_EQ(schedule.factor(10), 1.0);
  EXPECT_NEAR(schedule.factor(60), 0.55, 1e-12);  // half way between 1 and the floor
  EXPECT_NEAR(schedule.factor(109), 0.1, 1e-3);
  EXPECT_DOUBLE_EQ(schedule.factor(110), 0.1);
  EXPECT_DOUBLE_EQ(schedule.factor(100000), 0.1);
  for (std::uint64_t step = 11; step < 110; ++step) EXPECT_LT(schedule.factor(step), schedule.factor(step - 1));
}

TEST(ScheduleTest, NeedsNoWarmup) {
  const Schedule schedule{.steps = 1, .warmup = 0, .floor = 0.5};
  EXPECT_DOUBLE_EQ(schedule.factor(0), 1.0);
  EXPECT_DOUBLE_EQ(schedule.factor(1), 0.5);
}

TEST(ScheduleTest, AWarmupAsLongAsTheTrainingStillEnds) {
  const Schedule schedule{.steps = 5, .warmup = 5, .floor = 0.2};
  EXPECT_DOUBLE_EQ(schedule.factor(4), 1.0);
  EXPECT_DOUBLE_EQ(schedule.factor(5), 0.2);
}

}  // namespace
}  // namespace quiver::learn
