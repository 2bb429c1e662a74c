#include "quiver/learn/words/logistic.h"

#include <gtest/gtest.h>

#include <limits>

namespace quiver::learn {
namespace {

TEST(Logistic, IsNearTheFormula) {
  const Logistic logistic;
  for (int i = -12000; i <= 12000; ++i) {
    const double x = i / 1000.0, expected = 1 / (1 + std::exp(-x));
    EXPECT_NEAR(static_cast<double>(logistic(static_cast<float>(x))), expected, 1.0 / 1024) << x;
    EXPECT_NEAR(logistic_loss(x), -std::log(expected), 1e-9) << x;
  }
  EXPECT_EQ(logistic(std::numeric_limits<float>::infinity()), 1);
  EXPECT_EQ(logistic(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_EQ(logistic(std::numeric_limits<float>::quiet_NaN()), 1);
  EXPECT_EQ(logistic_loss(-1000), 1000);
}

}  // namespace
}  // namespace quiver::learn
