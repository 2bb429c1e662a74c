#include "quiver/inspect/growth.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "quiver/core/random.h"

namespace quiver {
namespace {
const std::vector<double> kRows = {1e4, 3e4, 1e5, 3e5, 1e6};

std::vector<double> costs_by(double (*law)(double)) {
  std::vector<double> out;
  for (const double n : kRows) out.push_back(law(n));
  return out;
}

TEST(Growth, FindsAPowerLawAndItsExponent) {
  const auto costs = costs_by([](double n) { return 3 * std::pow(n, 0.25); });
  const Growth growth = fit_growth(kRows, costs);
  EXPECT_EQ(growth.law, GrowthLaw::Power);
  EXPECT_NEAR(growth.slope.mean, 0.25, 1e-9);
  EXPECT_NEAR(growth.slope.high - growth.slope.low, 0, 1e-6);
  EXPECT_NEAR(growth.error, 0, 1e-9);
  EXPECT_NEAR(growth.at(1e9).mean, 3 * std::pow(1e9, 0.25), 1e-3);
  EXPECT_EQ(growth.least, 1e4);
  EXPECT_EQ(growth.most, 1e6);
}

TEST(Growth, FindsALogarithmicLaw) {
  const Growth growth = fit_growth(kRows, costs_by([](double n) { return 5 + 7 * std::log(n); }));
  EXPECT_EQ(growth.law, GrowthLaw::Logarithmic);
  EXPECT_NEAR(growth.intercept, 5, 1e-9);
  EXPECT_NEAR(growth.at(1e8).mean, 5 + 7 * std::log(1e8), 1e-6);
}

TEST(Growth, IntervalsHoldTheTruthAboutAsOftenAsTheySay) {
  int slopes = 0, predictions = 0;
  constexpr int kDraws = 400;
  for (int draw = 0; draw < kDraws; ++draw) {
    Random random(11, static_cast<std::uint64_t>(draw));
    std::vector<double> costs;
    for (const double n : kRows) costs.push_back(std::pow(n, 0.3) * std::exp(0.05 * double{random.normal()}));
    const Growth growth = fit_growth(kRows, costs, GrowthLaw::Power);
    slopes += growth.slope.low <= 0.3 && 0.3 <= growth.slope.high ? 1 : 0;
    const double seen = std::pow(1e8, 0.3) * std::exp(0.05 * double{random.normal()});
    const Interval at = growth.at(1e8);
    predictions += at.low <= seen && seen <= at.high ? 1 : 0;
  }
  EXPECT_NEAR(slopes / double{kDraws}, 0.95, 0.035) << "seed 11";
  EXPECT_NEAR(predictions / double{kDraws}, 0.95, 0.035) << "seed 11";
}

TEST(Growth, TwoSizesGiveALineWithoutBounds) {
  const std::vector<double> rows = {100, 1000}, costs = {1, 10};
  const Growth growth = fit_growth(rows, costs, GrowthLaw::Power);
  EXPECT_NEAR(growth.slope.mean, 1, 1e-12);
  EXPECT_TRUE(std::isinf(growth.slope.high));
  EXPECT_EQ(growth.at(1e4).low, 0);
  EXPECT_TRUE(std::isinf(growth.at(1e4).high));
}

TEST(Growth, StudentsQuantiles) {
  EXPECT_NEAR(student_95(1), 12.706, 1e-3);
  EXPECT_NEAR(student_95(10), 2.228, 1e-3);
  EXPECT_NEAR(student_95(11), 2.201, 3e-3);
  EXPECT_NEAR(student_95(30), 2.042, 1e-3);
  EXPECT_NEAR(student_95(100000), 1.960, 1e-3);
  EXPECT_TRUE(std::isinf(student_95(0)));
}

TEST(Growth, CostAtARecallLiesBetweenItsNeighbours) {
  const std::vector<CostAtRecall> curve = {{0.99, 400}, {0.9, 100}, {0.8, 60}};
  EXPECT_EQ(cost_at(curve, 0.9), 100);
  EXPECT_NEAR(cost_at(curve, 1 - std::sqrt(0.1 * 0.01)), 200, 1e-9);  // half way of the misses' logarithms
  EXPECT_GT(cost_at(curve, 0.85), 60);
  EXPECT_LT(cost_at(curve, 0.85), 100);
  EXPECT_TRUE(std::isnan(cost_at(curve, 0.7)));
  EXPECT_TRUE(std::isnan(cost_at(curve, 0.995)));
  EXPECT_TRUE(std::isnan(cost_at({}, 0.9)));
  EXPECT_EQ(cost_at(std::vector<CostAtRecall>{{1, 5}}, 1), 5);
}

}  // namespace
}  // namespace quiver
