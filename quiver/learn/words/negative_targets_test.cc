#include "quiver/learn/words/negative_targets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace quiver::learn {
namespace {

// One step against the formulas, with the same draws.
TEST(NegativeTargets, StepAsTheirFormulaSays) {
  constexpr std::size_t kWords = 40, kWide = 13, kNegatives = 5;
  const NegativeSampler negatives(std::vector<std::uint64_t>(kWords, 3), 0.75);
  NegativeTargets targets(negatives, kWide, kNegatives, Descent::Sgd);
  targets.outputs().fill(0.5F, 3, 1);
  const Matrix before = Matrix::copy_of(targets.outputs().values().view());
  std::vector<float> context(kWide), pull(kWide, 0);
  for (std::size_t i = 0; i < kWide; ++i) context[i] = static_cast<float>(i) / 10 - 0.5F;

  Random drawn(8, 1);
  std::vector<std::uint32_t> words{7};
  for (std::size_t n = 0; n < kNegatives; ++n) {
    const std::uint32_t word = negatives.draw(drawn);
    if (word != 7) words.push_back(word);
  }
  std::vector<std::vector<double>> expected(kWords);
  for (std::size_t w = 0; w < kWords; ++w) expected[w].assign(before.row(w).begin(), before.row(w).end());
  std::vector<double> pulled(kWide, 0);
  double loss = 0;
  for (std::size_t t = 0; t < words.size(); ++t) {
    double product = 0;
    for (std::size_t i = 0; i < kWide; ++i) product += static_cast<double>(context[i] * before.row(words[t])[i]);
    const double wanted = t == 0 ? 1 : 0, error = wanted - 1 / (1 + std::exp(-product));
    loss -= std::log(t == 0 ? 1 / (1 + std::exp(-product)) : 1 / (1 + std::exp(product)));
    for (std::size_t i = 0; i < kWide; ++i) {
      pulled[i] += error * expected[words[t]][i];
      expected[words[t]][i] += 0.1 * error * static_cast<double>(context[i]);
    }
  }
  Random random(8, 1);
  EXPECT_NEAR(targets.loss(7, context.data(), random), loss, 1e-5);
  random = Random(8, 1);
  targets.step(7, context.data(), pull.data(), 0.1F, random);
  for (std::size_t w = 0; w < kWords; ++w) {
    for (std::size_t i = 0; i < kWide; ++i) {
      EXPECT_NEAR(static_cast<double>(targets.outputs().row(w)[i]), expected[w][i], 2e-4) << "word " << w;
    }
  }
  for (std::size_t i = 0; i < kWide; ++i) EXPECT_NEAR(static_cast<double>(pull[i]), pulled[i], 5e-3);
}

TEST(NegativeTargets, ALoneWordIsOnlyItself) {
  const NegativeSampler negatives(std::vector<std::uint64_t>{4}, 0.75);
  const NegativeTargets targets(negatives, 3, NegativeTargets::kMost, Descent::Sgd);
  const std::vector<float> context(3, 1);
  Random random(8, 2);
  EXPECT_NEAR(targets.loss(0, context.data(), random), std::log(2.0), 1e-6);  // every draw is the word: none is left
}

}  // namespace
}  // namespace quiver::learn
