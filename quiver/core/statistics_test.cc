#include "quiver/core/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {

TEST(StatisticsTest, Moments) {
  const std::vector<double> v{1, 2, 3, 4};
  EXPECT_EQ(mean_of(v), 2.5);
  EXPECT_NEAR(variance_of(v), 5.0 / 3, 1e-12);
  EXPECT_EQ(quantile_of(v, 0.5), 2.5);
  EXPECT_EQ(quantile_of(v, 0), 1);
  EXPECT_EQ(quantile_of(v, 1), 4);
  EXPECT_TRUE(std::isnan(quantile_of({}, 0.5)));
  EXPECT_EQ(mean_of({}), 0);
}
TEST(StatisticsTest, BootstrapMatchesTheNormalInterval) {
  Random random(11);
  std::vector<double> v(2000);
  for (double& x : v) x = random.normal();
  const Interval interval = bootstrap_mean(v, {.seed = 3});
  const double half = 1.96 * std::sqrt(variance_of(v) / 2000);
  EXPECT_NEAR(interval.low, mean_of(v) - half, 0.006);
  EXPECT_NEAR(interval.high, mean_of(v) + half, 0.006);
  const Interval again = bootstrap_mean(v, {.seed = 3});
  EXPECT_EQ(interval.low, again.low);
}
TEST(StatisticsTest, PairingRemovesSharedNoise) {
  Random random(12);
  std::vector<double> a(500), b(500);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double shared = 10 * random.normal();
    a[i] = shared + 0.2 + 0.1 * random.normal();
    b[i] = shared + 0.1 * random.normal();
  }
  const Interval gain = paired_difference(a, b);
  EXPECT_GT(gain.low, 0.15);
  EXPECT_LT(gain.high, 0.25);
  EXPECT_LT(paired_permutation_p(a, b), 0.001);
  EXPECT_GT(paired_permutation_p(a, a), 0.99);
}
TEST(StatisticsTest, WilsonIsHonestAtTheEnds) {
  const Interval none = wilson(0, 10), all = wilson(10, 10), some = wilson(8, 10);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.2775, 1e-3);
  EXPECT_EQ(all.high, 1);
  EXPECT_NEAR(some.low, 0.4902, 1e-3);
  EXPECT_NEAR(some.high, 0.9433, 1e-3);
  EXPECT_EQ(wilson(0, 0).high, 1);
}
TEST(StatisticsTest, Correlations) {
  const std::vector<double> a{1, 2, 3, 4, 5}, cube{1, 8, 27, 64, 125}, ties{1, 1, 2, 2, 3};
  EXPECT_NEAR(spearman(a, cube), 1, 1e-12);
  EXPECT_LT(pearson(a, cube), 0.95);
  EXPECT_NEAR(spearman(a, ties), 0.948683, 1e-6);
  EXPECT_EQ(pearson(a, std::vector<double>(5, 2.0)), 0);
}
TEST(StatisticsTest, SpearmansIntervalIsThatOfTheResamplesSpelledOut) {
  Random random(5);
  for (const std::size_t items : {2, 3, 17, 60}) {
    std::vector<double> a(items), b(items);
    for (std::size_t i = 0; i < items; ++i) {
      a[i] = static_cast<double>(random.below(6));  // many ties
      b[i] = a[i] + 2 * random.uniform();
    }
    const BootstrapOptions options{.seed = 9, .resamples = 50};
    std::vector<double> found;
    for (std::uint32_t r = 0; r < options.resamples; ++r) {
      Random draw(options.seed, r);
      std::vector<double> some_a, some_b;
      for (std::size_t i = 0; i < items; ++i) {
        const std::size_t item = draw.below(items);
        some_a.push_back(a[item]);
        some_b.push_back(b[item]);
      }
      found.push_back(spearman(some_a, some_b));
    }
    const Interval interval = bootstrap_spearman(a, b, options);
    EXPECT_EQ(interval.mean, spearman(a, b));
    EXPECT_NEAR(interval.low, quantile_of(found, 0.025), 1e-12) << items;
    EXPECT_NEAR(interval.high, quantile_of(found, 0.975), 1e-12) << items;
  }
  const std::vector<double> one{3};
  EXPECT_EQ(bootstrap_spearman(one, one).low, 0);
}
TEST(StatisticsTest, NormalQuantiles) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-9);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-9);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-6);
  EXPECT_TRUE(std::isinf(normal_quantile(0)));
}

}  // namespace
}  // namespace quiver
