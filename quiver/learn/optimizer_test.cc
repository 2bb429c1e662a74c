#include "quiver/learn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quiver::learn {
namespace {

TEST(RowAdagradTest, FollowsItsFormula) {
  Table table("t", torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}}));
  RowAdagrad optimizer({&table}, {.rate = 0.1, .initial = 0.5});
  double accumulator = 0.5, x = 3, y = 4;
  for (int step = 0; step < 3; ++step) {
    optimizer.clear_gradients();
    table.accumulate({{1}, torch::tensor({{1.0F, -2.0F}})});
    EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 5);
    optimizer.step(0.5);
    accumulator += (1.0 + 4.0) / 2;
    x -= 0.05 * 1 / std::sqrt(accumulator);
    y += 0.05 * 2 / std::sqrt(accumulator);
  }
  EXPECT_NEAR(table.value()[1][0].item<double>(), x, 1e-6);
  EXPECT_NEAR(table.value()[1][1].item<double>(), y, 1e-6);
  EXPECT_EQ(table.value()[0][0].item<float>(), 1.0F);  // rows out of the batch stay
  EXPECT_EQ(table.value()[2][1].item<float>(), 6.0F);
}

TEST(RowAdagradTest, ScalingIsUndoneByTheNextClear) {
  Table a("t", torch::zeros({1, 1})), b("t", torch::zeros({1, 1}));
  RowAdagrad scaled({&a}, {.rate = 1, .initial = 1}), plain({&b}, {.rate = 1, .initial = 1});
  a.accumulate({{0}, torch::full({1, 1}, 4.0F)});
  b.accumulate({{0}, torch::full({1, 1}, 1.0F)});
  scaled.scale_gradients(0.25);
  EXPECT_DOUBLE_EQ(scaled.gradient_square(), 1);
  scaled.step(1);
  plain.step(1);
  EXPECT_FLOAT_EQ(a.value().item<float>(), b.value().item<float>());
  scaled.clear_gradients();
  a.accumulate({{0}, torch::full({1, 1}, 4.0F)});
  EXPECT_DOUBLE_EQ(scaled.gradient_square(), 16);
}

TEST(AdamTest, AgreesWithTorch) {
  for (const double decay : {0.0, 0.1}) {
    const Tensor mine = torch::tensor({1.0F, -2.0F, 3.0F}).requires_grad_(),
                 theirs = mine.detach().clone().requires_grad_();
    const Tensor unused = torch::ones({2}).requires_grad_();
    Adam optimizer({mine, unused}, {.rate = 0.1, .weight_decay = decay});
    torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(0.05).weight_decay(decay));
    for (int step = 0; step < 5; ++step) {
      optimizer.clear_gradients();
      reference.zero_grad();
      (mine.square() * torch::tensor({1.0F, 2.0F, 0.5F})).sum().backward();
      (theirs.square() * torch::tensor({1.0F, 2.0F, 0.5F})).sum().backward();
      optimizer.step(0.5);
      reference.step();
    }
    EXPECT_TRUE(torch::allclose(mine, theirs, 1e-5, 1e-6)) << mine << theirs;
    EXPECT_TRUE(torch::equal(unused, torch::ones({2})));  // no gradient, no step
  }
}

TEST(AdamTest, ClipsWhatItHolds) {
  const Tensor x = torch::tensor({3.0F, 4.0F}).requires_grad_();
  Adam optimizer({x}, {});
  x.square().sum().backward();
  EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 100);
  optimizer.scale_gradients(0.5);
  EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 25);
}

TEST(OptimizerTest, StateIsHandles) {
  Table table("t", torch::zeros({2, 1}));
  const Tensor dense = torch::zeros({1}).requires_grad_();
  RowAdagrad rows({&table}, {});
  Adam adam({dense}, {});
  Tensors state;
  rows.collect_state("a", state);
  adam.collect_state("b", state);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/t", "a/t/accumulator", "b/0", "b/0/first", "b/0/second", "b/steps"}));
  state.at("a/t").fill_(7);
  EXPECT_EQ(table.value()[1][0].item<float>(), 7.0F);
}

}  // namespace
}  // namespace quiver::learn
