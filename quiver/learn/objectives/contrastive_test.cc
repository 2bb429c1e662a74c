#include "quiver/learn/objectives/contrastive.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quiver::learn {
namespace {

constexpr std::int64_t kSeed = 11;

struct Vectors {
  Tensor left, right;
  Vectors(std::int64_t batch, std::int64_t extra, std::int64_t dim) {
    torch::manual_seed(kSeed);
    left = torch::randn({batch, dim}).requires_grad_();
    right = torch::randn({batch + extra, dim}).requires_grad_();
  }
  Tensors out() const { return {{"left", left}, {"right", right}}; }
};

Tensor unit_rows(const Tensor& x) { return x / x.norm(2, {1}, true); }

TEST(ContrastiveTest, AgreesWithTheReferenceInValueAndGradient) {
  for (const std::int64_t batch : {1, 2, 7, 33}) {
    for (const std::int64_t extra : {0, 1, 5}) {
      for (const double backward : {0.0, 0.5, 1.0}) {
        const Vectors fused(batch, extra, 12), plain(batch, extra, 12);
        // A few rows share a group: 0 and 1, and the last extra belongs to row 0.
        Tensor left_group = torch::arange(batch), right_group = torch::arange(batch + extra);
        if (batch > 1) left_group[1] = right_group[1] = 0;
        if (extra > 0) right_group[batch + extra - 1] = 0;
        const Contrastive objective({.temperature = 0.1, .backward = backward});
        const Tensor loss = objective(fused.out(), {{"left_group", left_group}, {"right_group", right_group}});
        loss.backward();

        Tensor allowed = left_group.unsqueeze(1).ne(right_group.unsqueeze(0));
        allowed.diagonal().fill_(true);
        const Tensor scale = torch::full({}, 10.0F).requires_grad_();
        const Tensor expected =
            contrastive_reference(unit_rows(plain.left), unit_rows(plain.right), scale, allowed, backward);
        expected.backward();
        const auto where = ::testing::Message() << "seed " << kSeed << " batch " << batch << " extra " << extra;
        EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5) << where;
        EXPECT_TRUE(torch::allclose(fused.left.grad(), plain.left.grad(), 1e-4, 1e-6)) << where;
        EXPECT_TRUE(torch::allclose(fused.right.grad(), plain.right.grad(), 1e-4, 1e-6)) << where;
        // The objective's parameter is the logarithm of the scale.
        EXPECT_NEAR(objective.parameters()[0].grad().item<double>(), 10 * scale.grad().item<double>(), 1e-4) << where;
      }
    }
  }
}

TEST(ContrastiveTest, ColdTemperaturesTakeTheReference) {
  const Vectors vectors(5, 2, 8), same(5, 2, 8);
  const Contrastive cold({.temperature = 0.0125, .learn_temperature = false});
  const Tensor loss = cold(vectors.out(), {});
  const Tensor expected = contrastive_reference(unit_rows(same.left), unit_rows(same.right), torch::full({}, 80.0F),
                                                torch::ones({5, 7}, torch::kBool), 0.5);
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-3);
  loss.backward();
  EXPECT_TRUE(vectors.left.grad().isfinite().all().item<bool>());
}

TEST(ContrastiveTest, PerfectPairsCostNothing) {
  const Tensor eye = torch::eye(6);
  const Contrastive objective({.temperature = 0.03});
  EXPECT_LT(objective({{"left", eye}, {"right", eye}}, {}).item<double>(), 1e-9 + 6 * std::exp(-1 / 0.03));
  // The worst pairs: every left vector is opposite to its own and equal to another's.
  const Tensor shifted = torch::roll(eye, 1, 0);
  EXPECT_GT(objective({{"left", eye}, {"right", shifted}}, {}).item<double>(), 30);
}

TEST(ContrastiveTest, LengthsDoNotMatter) {
  const Vectors a(4, 0, 5), b(4, 0, 5);
  const Contrastive objective;
  const double plain = objective(a.out(), {}).item<double>();
  const Tensor longer = b.left * 100;
  EXPECT_NEAR(objective({{"left", longer}, {"right", b.right}}, {}).item<double>(), plain, 1e-5);
}

TEST(ContrastiveTest, TemperatureIsAParameterOnlyIfLearnt) {
  EXPECT_EQ(Contrastive({.temperature = 0.2}).parameters().size(), 1U);
  EXPECT_TRUE(Contrastive({.temperature = 0.2, .learn_temperature = false}).parameters().empty());
  EXPECT_NEAR(Contrastive({.temperature = 0.2}).temperature(), 0.2, 1e-6);
}

}  // namespace
}  // namespace quiver::learn
