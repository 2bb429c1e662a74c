#include "quiver/inspect/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/data/inner_sphere.h"

namespace quiver {
namespace {
constexpr std::uint64_t kScalingSeed = 3;

Rows sphere_rows(std::size_t inner, std::size_t rows, std::uint64_t stream) {
  Threads threads(2);
  return Rows::dense(InnerSphere(inner, 24, kScalingSeed).draw(rows, stream, threads), {.metric = Metric::L2});
}

TEST(Scaling, MeasuresAnIndexBesideItsScan) {
  quiver::Run run({.seed = kScalingSeed, .threads = 2});
  const ScalingOptions options{.spec = "graph", .asked = {0.5, 0.9, 0.99}, .repeats = 1, .one_by_one = 5};
  const auto point = measure_scaling(sphere_rows(10, 4000, 1), sphere_rows(10, 60, 2), options, run);
  ASSERT_TRUE(point.has_value()) << point.error().message();
  EXPECT_EQ(point->rows, 4000U);
  EXPECT_EQ(point->dims, 24U);
  EXPECT_EQ(point->queries, 60U);
  EXPECT_THAT(point->spec, testing::StartsWith("graph("));
  EXPECT_GT(point->build_seconds, 0);
  EXPECT_GT(point->bytes, 24U * 2);
  EXPECT_EQ(point->scan.distances, 4000);
  EXPECT_NEAR(point->scan.bytes, 4000 * 24 * 4, 4000 * 64);
  EXPECT_GT(point->scan.seconds, 0);
  EXPECT_GT(point->scan.alone_seconds, 0);
  ASSERT_EQ(point->walks.size(), 3U);
  for (const SearchCost& walk : point->walks) {
    EXPECT_GE(walk.recall.mean, walk.asked - 0.1) << "seed " << kScalingSeed;
    EXPECT_GT(walk.hops, 0);
    EXPECT_GT(walk.distances, walk.hops);
    EXPECT_LT(walk.bytes, point->scan.bytes);
    EXPECT_GT(walk.seconds, 0);
    EXPECT_GT(walk.alone_seconds, 0);
  }
  EXPECT_LE(point->walks[0].hops, point->walks[2].hops);
}

TEST(Scaling, CostsAtARecallLieBetweenEfforts) {
  ScalingPoint point;
  point.walks = {{.recall = {0.9, 0.9, 0.9}, .hops = 10}, {.recall = {0.99, 0.99, 0.99}, .hops = 40}};
  EXPECT_EQ(point.walk_at(0.9, &SearchCost::hops), 10);
  EXPECT_NEAR(point.walk_at(1 - std::sqrt(0.1 * 0.01), &SearchCost::hops), 20, 1e-9);
  EXPECT_TRUE(std::isnan(point.walk_at(0.5, &SearchCost::hops)));
}

TEST(Scaling, RefusesWhatTheIndexRefuses) {
  quiver::Run run({.threads = 1});
  const auto bad = measure_scaling(sphere_rows(4, 100, 1), sphere_rows(4, 5, 2), {.spec = "grph"}, run);
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().message(), testing::HasSubstr("did you mean graph"));
  run.cancel();
  EXPECT_EQ(measure_scaling(sphere_rows(4, 500, 1), sphere_rows(4, 5, 2), {.spec = "graph"}, run).error().code(),
            Code::Cancelled);
}

TEST(Scaling, FindsTheSphereOfADimension) {
  quiver::Run run({.seed = kScalingSeed, .threads = 2});
  const auto none = match_lid(0, 400, 8, run);
  ASSERT_TRUE(none.has_value()) << none.error().message();
  EXPECT_EQ(none->inner, 2U);
  EXPECT_NEAR(none->lid, 1, 0.2) << "a circle";
  const auto most = match_lid(1000, 400, 8, run);
  EXPECT_EQ(most->inner, 8U);
  const auto middle = match_lid((none->lid + most->lid) / 2, 400, 8, run);
  EXPECT_GT(middle->inner, 2U);
  EXPECT_LT(middle->inner, 8U);
  EXPECT_FALSE(match_lid(5, 50, 8, run).has_value()) << "fewer rows than the estimate takes neighbours";
}

}  // namespace
}  // namespace quiver
