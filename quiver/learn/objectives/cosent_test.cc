#include "quiver/learn/objectives/cosent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/objectives/gradient_check.h"
#include "quiver/learn/objectives/matryoshka.h"

namespace quiver::learn {
namespace {
static_assert(Objective<CoSent> && Objective<Matryoshka<CoSent>>);
constexpr std::int64_t kCoSentSeed = 21;

std::vector<double> numbers_of(const Tensor& tensor) {
  const Tensor doubles = tensor.to(torch::kFloat64).contiguous();
  return {doubles.data_ptr<double>(), doubles.data_ptr<double>() + doubles.numel()};
}

TEST(CoSentTest, IsTheSumOverPairsOfDifferentScores) {
  torch::manual_seed(kCoSentSeed);
  for (const std::int64_t batch : {0, 1, 2, 3, 8, 33}) {
    const Tensor left = torch::randn({batch, 6}), right = torch::randn({batch, 6});
    const Tensor scores = torch::randint(0, 5, {batch}).to(torch::kFloat32);
    const CoSent objective({.tau = 7});
    const double loss = objective({{"left", left}, {"right", right}}, {{"scores", scores}}).item<double>();
    std::vector<double> scaled;
    for (std::int64_t i = 0; i < batch; ++i) {
      const double ab = left[i].dot(right[i]).item<double>();
      scaled.push_back(7 * ab / (left[i].norm().item<double>() * right[i].norm().item<double>()));
    }
    EXPECT_NEAR(loss, ranking_loss_reference(scaled, numbers_of(scores)), 1e-4) << "batch " << batch;
  }
}

TEST(CoSentTest, GradientIsItsSlope) {
  torch::manual_seed(kCoSentSeed);
  const Tensor left = torch::randn({5, 4}, torch::kFloat64), right = torch::randn({5, 4}, torch::kFloat64);
  const Tensor scores = torch::tensor({1.0, 3.0, 3.0, 0.0, 5.0}, torch::kFloat64);
  const CoSent objective({.tau = 3});
  const auto loss = [&] { return objective({{"left", left}, {"right", right}}, {{"scores", scores}}); };
  EXPECT_LT(largest_gradient_error(loss, {left, right}), 1e-7) << "seed " << kCoSentSeed;
}

TEST(CoSentTest, OrderedPairsCostLittleAndReversedOnesMuch) {
  const Tensor left = torch::eye(3), scores = torch::tensor({0.0F, 1.0F, 2.0F});
  const Tensor right = torch::tensor({0.0F, 1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 0.0F, 1.0F}).view({3, 3});
  const CoSent objective;
  EXPECT_LT(objective({{"left", left}, {"right", right}}, {{"scores", scores}}).item<double>(), 0.01);
  EXPECT_GT(objective({{"left", left}, {"right", right}}, {{"scores", -scores}}).item<double>(), 15);
  // Far beyond what exp() holds.
  const Tensor wide = ranking_loss(torch::tensor({1000.0F, 0.0F}), torch::tensor({0.0F, 1.0F}));
  EXPECT_FLOAT_EQ(wide.item<float>(), 1000);
}

TEST(CoSentTest, BatchesOfOneScoreAreCountedAndTeachNothing) {
  torch::manual_seed(kCoSentSeed);
  const Tensor left = torch::randn({4, 6}).requires_grad_(), right = torch::randn({4, 6});
  const CoSent objective, same = objective;
  const Tensor loss = objective({{"left", left}, {"right", right}}, {{"scores", torch::full({4}, 2.5F)}});
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(left.grad().abs().sum().item<double>(), 0);
  EXPECT_EQ(same.skipped(), 1U);
  objective({{"left", left}, {"right", right}}, {{"scores", torch::arange(4).to(torch::kFloat32)}});
  EXPECT_EQ(same.skipped(), 1U);
  EXPECT_TRUE(all_equal(torch::zeros({0})) && all_equal(torch::zeros({1})) && !all_equal(torch::arange(2)));
}

}  // namespace
}  // namespace quiver::learn
