#include "quiver/learn/objectives/matryoshka.h"

#include <gtest/gtest.h>

#include "quiver/learn/objectives/contrastive.h"

namespace quiver::learn {
namespace {

static_assert(Objective<Contrastive> && Objective<Matryoshka<Contrastive>> &&
              Objective<Matryoshka<Matryoshka<Contrastive>>>);

TEST(MatryoshkaTest, IsTheWeightedMeanOverPrefixes) {
  torch::manual_seed(3);
  const Tensors out{{"left", torch::randn({6, 8})}, {"right", torch::randn({6, 8})}};
  const Contrastive inner({.temperature = 0.2});
  const Matryoshka nested(inner, {2, 8}, {1, 3});
  const double expected = (inner(cut_to_prefix(out, 8, 2), {}).item<double>() + 3 * inner(out, {}).item<double>()) / 4;
  EXPECT_NEAR(nested(out, {}).item<double>(), expected, 1e-6);
}

TEST(MatryoshkaTest, IsTheSumAsInThePaper) {
  torch::manual_seed(5);
  const Tensors out{{"left", torch::randn({5, 8})}, {"right", torch::randn({5, 8})}};
  const Contrastive inner({.temperature = 0.2});
  const Matryoshka mean(inner, {2, 4, 8}), sum(inner, {2, 4, 8}, {}, Combine::Sum);
  EXPECT_NEAR(sum(out, {}).item<double>(), 3 * mean(out, {}).item<double>(), 1e-5);
}

TEST(MatryoshkaTest, OneWholeLengthIsTheInnerObjective) {
  torch::manual_seed(4);
  const Tensors out{{"left", torch::randn({3, 4})}, {"right", torch::randn({3, 4})}};
  const Contrastive inner;
  EXPECT_FLOAT_EQ(Matryoshka(inner, {4})(out, {}).item<float>(), inner(out, {}).item<float>());
}

TEST(MatryoshkaTest, SharesTheParametersOfWhatItWraps) {
  const Contrastive inner;
  const Matryoshka nested(inner, {4});
  ASSERT_EQ(nested.parameters().size(), 1U);
  EXPECT_TRUE(nested.parameters()[0].is_same(inner.parameters()[0]));
}

TEST(MatryoshkaTest, CutsOnlyWholeVectors) {
  const Tensors cut = cut_to_prefix({{"left", torch::zeros({3, 8})}, {"length", torch::zeros({3})}}, 8, 5);
  EXPECT_EQ(cut.at("left").size(1), 5);
  EXPECT_EQ(cut.at("length").dim(), 1);
}

}  // namespace
}  // namespace quiver::learn
