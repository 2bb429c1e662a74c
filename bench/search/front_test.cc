#include "bench/search/front.h"

#include <gmock/gmock.h>

#include <cmath>

namespace quiver::bench {
namespace {
using testing::ElementsAre;

const std::vector<Point> kPoints{{10, 0.90, 1000, 1}, {40, 0.99, 100, 10}, {20, 0.95, 400, 2}, {30, 0.94, 300, 3}};

TEST(Front, APointThatIsBeatenFallsAway) {
  const Front front(kPoints);
  std::vector<std::uint32_t> efforts;
  for (const Point& point : front.points()) efforts.push_back(point.effort);
  EXPECT_THAT(efforts, ElementsAre(10, 20, 40));
  EXPECT_DOUBLE_EQ(front.highest_recall(), 0.99);
}

TEST(Front, BetweenPointsTheLogarithmOfSpeedIsLinear) {
  const Speed speed = Front(kPoints).at(0.97);
  EXPECT_EQ(speed.kind, SpeedKind::Between);
  EXPECT_NEAR(speed.qps, std::sqrt(400.0 * 100.0), 1e-6);
  EXPECT_NEAR(speed.p50_us, 6, 1e-9);
  EXPECT_DOUBLE_EQ(Front(kPoints).at(0.95).qps, 400);
}

TEST(Front, OutsideOfWhatWasMeasured) {
  const Front front(kPoints);
  EXPECT_EQ(front.at(0.5).kind, SpeedKind::AtLeast);
  EXPECT_DOUBLE_EQ(front.at(0.5).qps, 1000);
  EXPECT_EQ(front.at(0.9).kind, SpeedKind::Between);
  EXPECT_EQ(front.at(0.999).kind, SpeedKind::Never);
  EXPECT_EQ(Front({}).at(0.9).kind, SpeedKind::Never);
  EXPECT_EQ(name_of(SpeedKind::Never), "never");
  EXPECT_EQ(name_of(SpeedKind::AtLeast), "at least");
  EXPECT_EQ(name_of(SpeedKind::Between), "between");
}

TEST(Front, OnlyTheEffortsAroundATargetDecideIt) {
  const Front front(kPoints);
  EXPECT_THAT(front.efforts_around({0.92}), ElementsAre(10, 20));
  EXPECT_THAT(front.efforts_around({0.5, 0.96}), ElementsAre(10, 20, 40));
  EXPECT_THAT(front.efforts_around({0.999}), ElementsAre());
  std::vector<Point> few;
  for (const Point& point : kPoints) {
    if (point.effort != 30) few.push_back(point);
  }
  EXPECT_DOUBLE_EQ(Front(few).at(0.97).qps, front.at(0.97).qps);
}

}  // namespace
}  // namespace quiver::bench
