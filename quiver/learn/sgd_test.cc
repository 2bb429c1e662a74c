#include "quiver/learn/sgd.h"

#include <gtest/gtest.h>

namespace quiver::learn {
namespace {

TEST(SgdTest, AgreesWithTorch) {
  for (const bool nesterov : {false, true}) {
    for (const double decay : {0.0, 0.1}) {
      const Tensor mine = torch::tensor({{1.0F, -2.0F}, {3.0F, 0.5F}}).requires_grad_(),
                   theirs = mine.detach().clone().requires_grad_();
      Sgd optimizer({mine}, {.rate = 0.2, .momentum = 0.9, .weight_decay = decay, .nesterov = nesterov});
      torch::optim::SGD reference({theirs},
                                  torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(decay).nesterov(nesterov));
      for (int step = 0; step < 5; ++step) {
        optimizer.clear_gradients();
        reference.zero_grad();
        (mine.square() * torch::tensor({1.0F, 0.5F})).sum().backward();
        (theirs.square() * torch::tensor({1.0F, 0.5F})).sum().backward();
        optimizer.step(0.5);
        reference.step();
      }
      EXPECT_TRUE(torch::allclose(mine, theirs, 1e-5, 1e-6)) << "decay " << decay << mine << theirs;
    }
  }
}

TEST(SgdTest, BiasesAndNormsDoNotDecay) {
  const Tensor matrix = torch::ones({2, 2}).requires_grad_(), bias = torch::ones({2}).requires_grad_();
  Sgd optimizer({matrix, bias}, {.rate = 1, .momentum = 0, .weight_decay = 0.25});
  (matrix.sum() * 0 + bias.sum() * 0).backward();
  optimizer.step(1);
  EXPECT_TRUE(torch::equal(matrix.detach(), torch::full({2, 2}, 0.75F)));
  EXPECT_TRUE(torch::equal(bias.detach(), torch::ones({2})));
}

TEST(SgdTest, WhatHasNoGradientStays) {
  const Tensor unused = torch::ones({2, 1}).requires_grad_();
  Sgd optimizer({unused}, {.weight_decay = 0.5});
  optimizer.step(1);
  EXPECT_TRUE(torch::equal(unused.detach(), torch::ones({2, 1})));
}

TEST(SgdTest, StateIsParametersAndVelocity) {
  const Tensor parameter = torch::zeros({1, 1}).requires_grad_();
  Sgd optimizer({parameter}, {.rate = 1, .momentum = 0.5});
  parameter.sum().backward();
  optimizer.step(1);
  Tensors state;
  optimizer.collect_state("sgd", state);
  EXPECT_EQ(state.at("sgd/0").item<float>(), -1.0F);
  EXPECT_EQ(state.at("sgd/0/velocity").item<float>(), 1.0F);
}

}  // namespace
}  // namespace quiver::learn
