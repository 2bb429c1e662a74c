#include "quiver/recipes/race.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/core/random.h"

namespace quiver::recipes {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kRaceSeed = 3;

Matrix runners(std::size_t rows, std::uint64_t stream) {
  Matrix out(rows, 24);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kRaceSeed, stream), i);
    for (std::size_t d = 0; d < out.cols(); ++d) out.row(i)[d] = random.normal() / (1 + static_cast<float>(d));
  }
  return out;
}
const Measured* find(const std::vector<Measured>& all, std::string_view arm, std::string_view metric) {
  const auto at = std::ranges::find_if(all, [&](const Measured& m) { return m.arm == arm && m.metric == metric; });
  return at == all.end() ? nullptr : &*at;
}
double value(const std::vector<Measured>& all, std::string_view arm, std::string_view metric) {
  const Measured* found = find(all, arm, metric);
  EXPECT_NE(found, nullptr) << arm << " " << metric;
  return found == nullptr ? -1 : found->value;
}

TEST(Race, MeasuresEveryRacerAtEveryRecall) {
  const Matrix base = runners(3000, 1), tune = runners(100, 2), test = runners(200, 3);
  const Course course{
      .base = base.view(), .space = {.dims = 24, .metric = Metric::L2}, .tune = tune.view(), .test = test.view()};
  quiver::Run run({.seed = kRaceSeed, .threads = 2});
  const auto all =
      race(course, {{"f32", "hnsw(8,60)"}, {"short", "hnsw(8,60) + pca(12) + lvq(8) + rerank(lvq(8))"}}, {}, run);
  ASSERT_TRUE(all.has_value()) << all.error().message();
  for (const char* arm : {"f32", "short"}) {
    EXPECT_GT(value(*all, arm, "build_seconds"), 0);
    EXPECT_GT(value(*all, arm, "qps@0.90"), 0);
    EXPECT_GT(value(*all, arm, "qps@0.95"), 0);
    EXPECT_GE(value(*all, arm, "recall@0.90"), 0.85) << "seed " << kRaceSeed;
    EXPECT_GE(value(*all, arm, "recall@0.95"), 0.90) << "seed " << kRaceSeed;
    EXPECT_LE(value(*all, arm, "effort@0.90"), value(*all, arm, "effort@0.95"));
  }
  EXPECT_GT(value(*all, "f32", "bytes"), 24 * 4);
}

TEST(Race, WhatNeverReachesARecallHasNoSpeedThere) {
  const Matrix base = runners(3000, 1), tune = runners(100, 2), test = runners(50, 3);
  const Course course{
      .base = base.view(), .space = {.dims = 24, .metric = Metric::L2}, .tune = tune.view(), .test = test.view()};
  quiver::Run run({.seed = kRaceSeed, .threads = 1});
  const auto all = race(course, {{"bits", "flat + lvq(4)"}}, {.recalls = {0.3, 0.9999}}, run);
  ASSERT_TRUE(all.has_value()) << all.error().message();
  EXPECT_NE(find(*all, "bits", "qps@0.30"), nullptr);
  EXPECT_EQ(find(*all, "bits", "qps@1.00"), nullptr);
}

TEST(Race, NamesTheRacerThatCannotStart) {
  const Matrix base = runners(50, 1);
  const Course course{
      .base = base.view(), .space = {.dims = 24, .metric = Metric::L2}, .tune = base.view(), .test = base.view()};
  quiver::Run run({.threads = 1});
  const auto refusal = [&](const char* spec) {
    const auto all = race(course, {{"lame", spec}}, {}, run);
    EXPECT_FALSE(all.has_value()) << spec;
    return all.has_value() ? "" : all.error().message();
  };
  EXPECT_THAT(refusal("hnws"), HasSubstr("racing lame"));
  EXPECT_THAT(refusal("flat + es(8) + rerank(f32)"), HasSubstr("learns from queries"));
}

}  // namespace
}  // namespace quiver::recipes
