#include "quiver/index/internal/graph_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "quiver/core/temporary_folder.h"

namespace quiver::internal {
namespace {
using testing::HasSubstr;
using Step = GraphCalibration::Step;

GraphCalibration of(std::initializer_list<Step> steps) {
  GraphCalibration made;
  for (const Step& step : steps) made.add(step);
  return made;
}
Result<GraphCalibration> saved_and_loaded(const GraphCalibration& calibration) {
  const TemporaryFolder folder;
  ContainerWriter writer("test");
  calibration.save(writer, "g/");
  EXPECT_TRUE(writer.save(folder.path() / "c").has_value());
  return GraphCalibration::load(*Container::open(folder.path() / "c", "test"), "g/");
}

TEST(GraphCalibration, InterpolatesOnTheLowerEndOfTheInterval) {
  const GraphCalibration calibration = of({{1, 0.85F, 0.8F}, {1.1F, 0.93F, 0.9F}, {1.5F, 1, 1}});
  EXPECT_EQ(calibration.slack_for(0.1F), 1);
  EXPECT_EQ(calibration.slack_for(0.8F), 1);
  EXPECT_NEAR(static_cast<double>(calibration.slack_for(0.85F)), 1.05, 1e-5);
  EXPECT_NEAR(static_cast<double>(calibration.slack_for(0.9F)), 1.1, 1e-5);
  EXPECT_NEAR(static_cast<double>(calibration.slack_for(0.95F)), 1.3, 1e-5);
  EXPECT_EQ(calibration.slack_for(1), 1.5F);
  EXPECT_EQ(calibration.best(), 1);
  EXPECT_EQ(calibration.recall_at(0.5F), 0.85F);
  EXPECT_EQ(calibration.recall_at(1.1F), 0.93F);
  EXPECT_NEAR(static_cast<double>(calibration.recall_at(1.3F)), 0.965, 1e-5);
  EXPECT_EQ(calibration.recall_at(3), 1);
}

TEST(GraphCalibration, MoreRecallNeverTakesLessEffort) {
  // A step that fell back by chance.
  const GraphCalibration calibration =
      of({{1, 0.7F, 0.65F}, {1.1F, 0.9F, 0.88F}, {1.2F, 0.89F, 0.87F}, {1.3F, 0.97F, 0.95F}});
  float before = 0;
  for (float recall = 0; recall <= 0.95F; recall += 0.005F) {
    const float slack = calibration.slack_for(recall);
    EXPECT_GE(slack, before) << recall;
    EXPECT_GE(slack, 1);
    EXPECT_LE(slack, 1.3F);
    before = slack;
  }
}

TEST(GraphCalibration, OutOfReachTakesTheLeastEffortThatCameAsCloseAsAny) {
  const GraphCalibration level = of({{1, 0.9F, 0.85F}, {1.2F, 0.97F, 0.94F}, {1.5F, 0.9701F, 0.941F}});
  EXPECT_EQ(level.slack_for(0.999F), 1.2F);  // the last step gains nothing
  EXPECT_EQ(level.slack_for(0.965F), 1.2F);  // reached on the average, not with certainty
  const GraphCalibration rising = of({{1, 0.5F, 0.45F}, {2.5F, 0.8F, 0.7F}});
  EXPECT_EQ(rising.slack_for(0.99F), 2.5F);
  EXPECT_NEAR(static_cast<double>(rising.best()), 0.8, 1e-6);
}

TEST(GraphCalibration, NothingMeasuredStillAnswers) {
  const GraphCalibration none;
  EXPECT_TRUE(none.empty());
  EXPECT_GE(none.slack_for(0.9F), 1);
  EXPECT_EQ(none.best(), 0);
  EXPECT_EQ(none.recall_at(1.2F), 0);
  const auto again = saved_and_loaded(none);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_TRUE(again->empty());
}

TEST(GraphCalibration, LoadsRisingStepsAlone) {
  const auto again = saved_and_loaded(of({{1, 0.9F, 0.85F}, {1.2F, 0.97F, 0.94F}}));
  ASSERT_TRUE(again.has_value()) << again.error().message();
  ASSERT_EQ(again->steps().size(), 2U);
  EXPECT_EQ(again->steps()[1].slack, 1.2F);
  EXPECT_EQ(again->steps()[1].recall, 0.97F);
  EXPECT_EQ(again->steps()[1].low, 0.94F);
  for (const GraphCalibration& broken :
       {of({{1.2F, 0.9F, 0.9F}, {1.2F, 0.95F, 0.9F}}), of({{1.2F, 0.9F, 0.9F}, {1.1F, 0.95F, 0.9F}}),
        of({{0.5F, 0.9F, 0.9F}}), of({{1e9F, 1, 1}}), of({{std::numeric_limits<float>::quiet_NaN(), 1, 1}})}) {
    const auto refused = saved_and_loaded(broken);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::Corruption);
    EXPECT_THAT(refused.error().message(), HasSubstr("not a rising list"));
  }
  const TemporaryFolder folder;
  ContainerWriter writer("test");
  writer.add("g/calibration", std::string(13, 'x'));
  ASSERT_TRUE(writer.save(folder.path() / "c").has_value());
  EXPECT_FALSE(GraphCalibration::load(*Container::open(folder.path() / "c", "test"), "g/").has_value());
}

}  // namespace
}  // namespace quiver::internal
