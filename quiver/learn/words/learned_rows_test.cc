#include "quiver/learn/words/learned_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace quiver::learn {
namespace {

TEST(LearnedRows, StepAsTheirFormulasSay) {
  constexpr std::size_t kCols = 11;
  for (const Descent descent : {Descent::Sgd, Descent::AdaGrad}) {
    LearnedRows rows(3, kCols, descent);
    rows.fill(0.5F, 7, 1);
    std::vector<float> what(kCols), pull(kCols, 1);
    for (std::size_t i = 0; i < kCols; ++i) what[i] = static_cast<float>(i) - 5;
    std::vector<double> expected(rows.row(1), rows.row(1) + kCols), squares(kCols, 1e-8), pulled(kCols, 1);
    const auto step = [&](double scale) {
      for (std::size_t i = 0; i < kCols; ++i) {
        const double gradient = scale * static_cast<double>(what[i]);
        squares[i] += gradient * gradient;
        expected[i] += descent == Descent::Sgd ? 0.1 * gradient : 0.1 * gradient / std::sqrt(squares[i]);
      }
    };
    for (std::size_t i = 0; i < kCols; ++i) pulled[i] += 0.25 * expected[i];
    rows.exchange(1, what.data(), pull.data(), 0.25F, 0.1F);
    step(0.25);
    rows.move(1, what.data(), 0.1F);
    step(1);
    rows.move(1, what.data(), 0.1F, 0.5F);
    step(0.5);
    for (std::size_t i = 0; i < kCols; ++i) {
      EXPECT_NEAR(static_cast<double>(rows.row(1)[i]), expected[i], 1e-5);
      EXPECT_NEAR(static_cast<double>(pull[i]), pulled[i], 1e-5);
    }
  }
}

TEST(LearnedRows, BeginWithinTheirReachAndRepeatForASeed) {
  LearnedRows a(5, 19, Descent::Sgd), b(5, 19, Descent::AdaGrad), other(5, 19, Descent::Sgd);
  a.fill(0.25F, 7, 1);
  b.fill(0.25F, 7, 1);
  other.fill(0.25F, 8, 1);
  float low = 1, high = -1;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::ranges::equal(a.values().row(i), b.values().row(i)));
    EXPECT_FALSE(std::ranges::equal(a.values().row(i), other.values().row(i)));
    for (const float x : a.values().row(i)) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  EXPECT_GE(low, -0.25F);
  EXPECT_LE(high, 0.25F);
  EXPECT_GT(high - low, 0.4F);
}

TEST(LearnedRows, ProductsOfAllOrOfSome) {
  LearnedRows rows(4, 9, Descent::Sgd);
  rows.fill(1, 7, 2);
  std::vector<float> what(9, 0.5F), all(4), some(2);
  rows.products(what.data(), all.data());
  const std::uint32_t picked[] = {3, 1};
  rows.products(what.data(), picked, 2, some.data());
  for (std::size_t i = 0; i < 4; ++i) {
    float expected = 0;
    for (const float x : rows.values().row(i)) expected += x / 2;
    EXPECT_NEAR(all[i], expected, 1e-5F);
  }
  EXPECT_EQ(some, (std::vector<float>{all[3], all[1]}));
}

}  // namespace
}  // namespace quiver::learn
