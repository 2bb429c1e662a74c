#include "quiver/recipes/mrl_measures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver::recipes {
namespace {
using testing::ElementsAre;
constexpr std::uint64_t kMeasureSeed = 19;

struct Cloud {
  Matrix vectors;
  std::vector<std::uint32_t> labels;
  Labelled view() const { return {vectors.view(), labels}; }
};
// Row i of class i % 5, around a centre; the first coordinates tell more.
Cloud cloud(std::size_t rows, std::size_t dims, std::uint64_t stream, float noise) {
  Cloud out{Matrix(rows, dims), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kMeasureSeed, stream), i), centre(kMeasureSeed, 1000 + i % 5);
    for (std::size_t j = 0; j < dims; ++j)
      out.vectors.row(i)[j] = std::exp(-static_cast<float>(j) / 6) * (centre.normal() + noise * random.normal());
    out.labels.push_back(static_cast<std::uint32_t>(i % 5));
  }
  return out;
}

TEST(MrlMeasures, NearestAgreesWithTheLoops) {
  const Cloud base = cloud(80, 12, 1, 1.5F), asked = cloud(30, 12, 2, 1.5F);
  quiver::Run run;
  for (const std::size_t dims : {3, 12}) {
    const auto scores = nearest_scores(base.view(), asked.view(), dims, run);
    ASSERT_TRUE(scores) << scores.error().message();
    double first = 0, average = 0;
    for (std::size_t q = 0; q < 30; ++q) {
      std::vector<std::pair<double, std::size_t>> all;
      for (std::size_t i = 0; i < 80; ++i)
        all.emplace_back(distance(Metric::Cosine, asked.vectors.row(q).first(dims), base.vectors.row(i).first(dims)),
                         i);
      std::ranges::sort(all);
      double right = 0;
      for (std::size_t r = 0; r < 10; ++r) {
        if (base.labels[all[r].second] != asked.labels[q]) continue;
        if (r == 0) first += 1;
        right += 1;
        average += right / static_cast<double>(r + 1) / 10;
      }
    }
    EXPECT_NEAR(scores->nn, 100 * first / 30, 1e-6) << "seed " << kMeasureSeed << ", dims " << dims;
    EXPECT_NEAR(scores->map_10, 100 * average / 30, 1e-6) << "seed " << kMeasureSeed << ", dims " << dims;
  }
}

Matrix table(const std::vector<std::vector<float>>& rows) {
  Matrix out(rows.size(), rows[0].size());
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(rows[i], out.row(i).begin());
  return out;
}

TEST(MrlMeasures, ACascadeStopsWhereTheShortOneIsSureAndRight) {
  // Held out: the short one is right where it is sure (0.9), wrong where it is not (0.6); the long one always right.
  const std::vector<std::size_t> lengths{4, 16};
  std::vector<Matrix> held_out, test;
  held_out.push_back(table({{0.9F, 0.1F}, {0.1F, 0.9F}, {0.6F, 0.4F}, {0.4F, 0.6F}}));
  held_out.push_back(table({{0.8F, 0.2F}, {0.2F, 0.8F}, {0.1F, 0.9F}, {0.9F, 0.1F}}));
  test.push_back(table({{0.95F, 0.05F}, {0.55F, 0.45F}}));
  test.push_back(table({{0.9F, 0.1F}, {0.2F, 0.8F}}));
  const std::vector<std::uint32_t> labels{0, 1, 1, 0}, test_labels{0, 1};
  const Cascade found = cascade(lengths, held_out, labels, test, test_labels);
  EXPECT_THAT(found.thresholds, ElementsAre(0.6F));
  EXPECT_EQ(found.accuracy, 100);
  EXPECT_EQ(found.dims, (4 + 16) / 2.0);
}

TEST(MrlMeasures, ACascadeOfEqualsStopsAtOnceAndOneOfAWorseNever) {
  const std::vector<std::size_t> lengths{2, 8};
  const std::vector<std::uint32_t> labels{0, 1};
  std::vector<Matrix> same, worse;
  for (int i = 0; i < 2; ++i) same.push_back(table({{0.7F, 0.3F}, {0.3F, 0.7F}}));
  worse.push_back(table({{0.3F, 0.7F}, {0.7F, 0.3F}}));
  worse.push_back(table({{0.7F, 0.3F}, {0.3F, 0.7F}}));
  EXPECT_EQ(cascade(lengths, same, labels, same, labels).dims, 2);
  const Cascade never = cascade(lengths, worse, labels, worse, labels);
  EXPECT_EQ(never.dims, 8);
  EXPECT_EQ(never.accuracy, 100);
}

TEST(MrlMeasures, AFunnelReadsLessAndFindsTheSameWhereTheFirstCoordinatesTell) {
  const Cloud base = cloud(3000, 64, 3, 0.3F), asked = cloud(200, 64, 4, 0.3F);
  quiver::Run run({.seed = kMeasureSeed});
  const auto found = funnel_scores(base.view(), asked.view(), "funnel(8,32) + f32", 100, run);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->nn_full, 100);
  EXPECT_EQ(found->nn_funnel, 100);
  EXPECT_EQ(found->work_full, 3000 * 64);
  EXPECT_GE(found->work_funnel, 3000 * 8);
  EXPECT_LT(found->work_funnel, 3000 * 8 + 100 * 32 + 100 * 64);
  EXPECT_GT(found->qps_full, 0);
  EXPECT_GT(found->qps_funnel, 0);
  EXPECT_FALSE(funnel_scores(base.view(), asked.view(), "funnel(80) + f32", 100, run));
}

TEST(MrlMeasures, AxesAreOfFallingVariance) {
  const Cloud base = cloud(400, 10, 5, 1);
  const auto axes = principal_axes(base.vectors.view(), 4);
  ASSERT_TRUE(axes);
  const Matrix turned = projected(base.vectors.view(), column_means(base.vectors.view()), *axes);
  ASSERT_EQ(turned.cols(), 4U);
  std::vector<double> variance(4);
  for (std::size_t i = 0; i < 400; ++i) {
    for (std::size_t j = 0; j < 4; ++j) variance[j] += static_cast<double>(turned.row(i)[j]) * turned.row(i)[j];
  }
  EXPECT_TRUE(std::ranges::is_sorted(variance, std::greater<>())) << "seed " << kMeasureSeed;
  for (const float mean : column_means(turned.view())) EXPECT_NEAR(mean, 0, 1e-4);
}

TEST(MrlMeasures, PercentRight) {
  const std::vector<std::uint32_t> said{0, 1, 2, 2}, are{0, 1, 1, 2};
  EXPECT_EQ(percent_right(said, are), 75);
}

}  // namespace
}  // namespace quiver::recipes
