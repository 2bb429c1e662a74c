#include "quiver/core/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quiver {
namespace {

TEST(Lbfgs, FindsTheBottomOfAnIllConditionedBowl) {
  for (const std::size_t n : {1U, 2U, 7U, 50U}) {
    std::vector<double> x(n, 3);
    const LbfgsResult done =
        lbfgs(x,
              [](std::span<const double> at, std::span<double> gradient) {
                double value = 0;
                for (std::size_t i = 0; i < at.size(); ++i) {
                  const double curve = std::pow(10.0, 3.0 * static_cast<double>(i) / static_cast<double>(at.size()));
                  const double off = at[i] - static_cast<double>(i);
                  value += curve * off * off / 2;
                  gradient[i] = curve * off;
                }
                return value;
              },
              {.iterations = 500, .value_tolerance = 1e-14});
    EXPECT_TRUE(done.converged) << n;
    EXPECT_NEAR(done.value, 0, 1e-8) << n;
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(x[i], static_cast<double>(i), 1e-3) << i << " of " << n;
  }
}

TEST(Lbfgs, FollowsTheValleyOfRosenbrock) {
  std::vector<double> x{-1.2, 1};
  const LbfgsResult done = lbfgs(x,
                                 [](std::span<const double> at, std::span<double> gradient) {
                                   const double a = 1 - at[0], b = at[1] - at[0] * at[0];
                                   gradient[0] = -2 * a - 400 * at[0] * b;
                                   gradient[1] = 200 * b;
                                   return a * a + 100 * b * b;
                                 },
                                 {.value_tolerance = 0});
  EXPECT_TRUE(done.converged);
  EXPECT_LT(done.iterations, 60U);
  EXPECT_NEAR(x[0], 1, 1e-4);
  EXPECT_NEAR(x[1], 1, 1e-4);
}

TEST(Lbfgs, StopsWhenToldAndKeepsTheBestPoint) {
  const auto bowl = [](std::span<const double> at, std::span<double> gradient) {
    gradient[0] = 2 * at[0];
    gradient[1] = 200 * at[1];
    return at[0] * at[0] + 100 * at[1] * at[1];
  };
  std::vector<double> x{5, 5}, start = x, gradient(2);
  const double before = bowl(start, gradient);
  int asked = 0;
  const LbfgsResult stopped = lbfgs(x, bowl, {}, [&] { return ++asked > 2; });
  EXPECT_FALSE(stopped.converged);
  EXPECT_EQ(stopped.iterations, 2U);
  EXPECT_LT(stopped.value, before);
  EXPECT_EQ(stopped.value, bowl(x, gradient));
  const LbfgsResult none = lbfgs(start, bowl, {.iterations = 0});
  EXPECT_FALSE(none.converged);
  EXPECT_EQ(none.value, before);
  EXPECT_EQ(start, (std::vector<double>{5, 5}));
}

TEST(Lbfgs, NothingToMinimiseIsDoneAtOnce) {
  std::vector<double> none;
  EXPECT_TRUE(lbfgs(none, [](std::span<const double>, std::span<double>) { return 7.0; }).converged);
  std::vector<double> flat{1, 2};
  const LbfgsResult done = lbfgs(flat, [](std::span<const double>, std::span<double> gradient) {
    gradient[0] = gradient[1] = 0;
    return 7.0;
  });
  EXPECT_TRUE(done.converged);
  EXPECT_EQ(done.iterations, 0U);
  EXPECT_EQ(flat, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace quiver
