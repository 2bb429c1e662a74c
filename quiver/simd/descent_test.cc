// Steps on rows, at every level, against the same formulas in double.
#include "quiver/simd/descent.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {
namespace {

class EveryDescentKernel : public testing::TestWithParam<Level> {
 protected:
  static std::vector<float> draw(std::size_t count, std::uint64_t seed) {  // one number more, which nobody may touch
    Draws draws{seed};
    std::vector<float> row(count + 1, kGuard);
    for (std::size_t i = 0; i < count; ++i) row[i] = draws.uniform();
    return row;
  }
  static constexpr float kGuard = 1234.5F;
  static constexpr std::size_t kCounts[] = {0, 1, 7, 8, 9, 15, 16, 17, 33, 50, 100};
};
INSTANTIATE_TEST_SUITE_P(Levels, EveryDescentKernel, testing::ValuesIn(levels()), level_name);

TEST_P(EveryDescentKernel, ScaledRowsAreAdded) {
  for (const std::size_t count : kCounts) {
    std::vector<float> to = draw(count, 1);
    const std::vector<float> before = to, what = draw(count, 2);
    kernels_at(GetParam())->add_scaled(to.data(), what.data(), 0.25F, count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(to[i], before[i] + 0.25F * what[i], 1e-6F) << count;
    EXPECT_EQ(to[count], kGuard);
  }
}

TEST_P(EveryDescentKernel, BothSidesOfAProductAreExchanged) {
  for (const std::size_t count : kCounts) {
    std::vector<float> to = draw(count, 1), sum = draw(count, 2);
    const std::vector<float> there = to, before = sum, what = draw(count, 3);
    kernels_at(GetParam())->exchange(to.data(), what.data(), sum.data(), 0.5F, -0.25F, count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(sum[i], before[i] + 0.5F * there[i], 1e-6F) << count;
      EXPECT_NEAR(to[i], there[i] - 0.25F * what[i], 1e-6F) << count;
    }
    EXPECT_EQ(to[count], kGuard);
    EXPECT_EQ(sum[count], kGuard);
  }
}

TEST_P(EveryDescentKernel, StepsShrinkByTheRootOfAllSquares) {
  for (const std::size_t count : kCounts) {
    std::vector<float> to = draw(count, 1), squares(count + 1, 1e-8F);
    squares[count] = kGuard;
    std::vector<double> expected(to.begin(), to.end()), sums(count, 1e-8);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const std::vector<float> what = step == 1 ? std::vector<float>(count + 1, 0) : draw(count, 3 + step);
      kernels_at(GetParam())->adapt(to.data(), squares.data(), what.data(), -2, 0.1F, count);
      for (std::size_t i = 0; i < count; ++i) {
        const double gradient = -2.0 * static_cast<double>(what[i]);
        sums[i] += gradient * gradient;
        expected[i] += 0.1 * gradient / std::sqrt(sums[i]);
        EXPECT_NEAR(static_cast<double>(to[i]), expected[i], 2e-6) << count << " step " << step;
        EXPECT_NEAR(static_cast<double>(squares[i]), sums[i], 1e-5) << count << " step " << step;
      }
    }
    EXPECT_EQ(to[count], kGuard);
    EXPECT_EQ(squares[count], kGuard);
  }
}

}  // namespace
}  // namespace quiver::simd::internal
