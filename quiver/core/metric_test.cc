#include "quiver/core/metric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace quiver {
namespace {

TEST(MetricTest, NamesParseBackInAnyCase) {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    const auto metric = static_cast<Metric>(i);
    EXPECT_EQ(*parse_metric(name_of(metric)), metric);
  }
  for (std::size_t i = 0; i < kElements; ++i) {
    const auto element = static_cast<Element>(i);
    EXPECT_EQ(*parse_element(name_of(element)), element);
  }
  EXPECT_EQ(*parse_metric("Cosine"), Metric::Cosine);
}
TEST(MetricTest, MistypedNamesAreHelped) {
  EXPECT_EQ(parse_metric("cosin").error().message(),
            "'cosin' is not a metric (did you mean cosine?); known: l2, dot, cosine, manhattan, hamming");
  EXPECT_EQ(parse_element("int64").error().message(),
            "'int64' is not a type of element; known: f32, f16, bf16, i8, u8, bit");
}
TEST(MetricTest, ReferenceDistances) {
  const std::vector<float> a{1, 2, 2}, b{2, 0, 2}, zero{0, 0, 0};
  EXPECT_EQ(distance(Metric::L2, a, b), 5);
  EXPECT_EQ(distance(Metric::Dot, a, b), -6);
  EXPECT_NEAR(distance(Metric::Cosine, a, b), 1 - 6 / (3 * std::sqrt(8.0)), 1e-12);
  EXPECT_EQ(distance(Metric::Cosine, a, zero), 1);
  EXPECT_EQ(distance(Metric::Manhattan, a, b), 3);
  EXPECT_EQ(distance(Metric::Hamming, a, b), 2);
}
TEST(MetricTest, ScoresReadAsTheirUsersExpect) {
  EXPECT_EQ(score_of(Metric::L2, 9), 3);
  EXPECT_EQ(score_of(Metric::L2, -1e-7F), 0);  // rounding below zero is no NaN
  EXPECT_EQ(score_of(Metric::Dot, -6), 6);
  EXPECT_FLOAT_EQ(score_of(Metric::Cosine, 0.25F), 0.75F);
  EXPECT_EQ(score_of(Metric::Hamming, 4), 4);
  EXPECT_TRUE(higher_is_closer(Metric::Dot));
  EXPECT_FALSE(higher_is_closer(Metric::L2));
}

}  // namespace
}  // namespace quiver
