#include "quiver/inspect/class_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using Labels = std::vector<std::uint32_t>;

TEST(ClassMetrics, CountsWhatIsRight) {
  const Labels labels{0, 1, 2, 2}, predicted{0, 2, 2, 1};
  EXPECT_EQ(correct(predicted, labels), (std::vector<double>{1, 0, 1, 0}));
  const auto counts = confusion(predicted, labels, 3);
  EXPECT_EQ(counts[1][2], 1U);
  EXPECT_EQ(counts[2][1], 1U);
  EXPECT_EQ(counts[2][2], 1U);
  EXPECT_TRUE(correct(Labels{}, Labels{}).empty());
}

TEST(ClassMetrics, MacroF1WeighsClassesAlike) {
  // Class 0: 2 tp, 1 fp: 4 / 5. Class 1: 0 tp, 1 fn: 0. Class 2 does not occur.
  EXPECT_DOUBLE_EQ(macro_f1(Labels{0, 0, 0}, Labels{0, 0, 1}, 3), (0.8 + 0) / 2);
  EXPECT_DOUBLE_EQ(macro_f1(Labels{1, 0}, Labels{1, 0}, 2), 1);
  EXPECT_EQ(macro_f1(Labels{}, Labels{}, 2), 0);
}

TEST(ClassMetrics, LogLossIsClipped) {
  Matrix p(2, 2);
  p.row(0)[0] = 0.25F;
  p.row(0)[1] = 0.75F;
  p.row(1)[0] = 1;
  const auto loss = log_loss(p.view(), Labels{1, 1});
  EXPECT_NEAR(loss[0], -std::log(0.75), 1e-7);
  EXPECT_NEAR(loss[1], -std::log(1e-12), 1e-7);
}

TEST(ClassMetrics, AreaUnderTheCurveCountsPairs) {
  EXPECT_EQ(roc_auc(std::vector<double>{1, 2, 3, 4}, std::vector<std::uint8_t>{0, 0, 1, 1}), 1);
  EXPECT_EQ(roc_auc(std::vector<double>{4, 3, 2, 1}, std::vector<std::uint8_t>{0, 0, 1, 1}), 0);
  EXPECT_EQ(roc_auc(std::vector<double>{5, 5, 5}, std::vector<std::uint8_t>{0, 1, 0}), 0.5);
  EXPECT_EQ(roc_auc(std::vector<double>{1, 2}, std::vector<std::uint8_t>{1, 1}), 0.5);
  Random random(3, 1);
  std::vector<double> scores(60);
  std::vector<std::uint8_t> positive(60);
  for (std::size_t i = 0; i < 60; ++i) {
    scores[i] = static_cast<double>(random.below(9));
    positive[i] = static_cast<std::uint8_t>(random.below(2));
  }
  double above = 0, pairs = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::size_t j = 0; j < 60; ++j) {
      if (positive[i] == 0 || positive[j] == 1) continue;
      ++pairs;
      above += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(roc_auc(scores, positive), above / pairs, 1e-12) << "seed 3";
}

}  // namespace
}  // namespace quiver
