#include "quiver/learn/encoders/text_bag.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace quiver::learn {
namespace {

const std::vector<std::string_view> kBagTexts{"a large wild cat", "to run away from something", "a cat with a mane",
                                              "run", "the wild run of a cat"};

TextFeatures bag_features() {
  return *TextFeatures::fit(kBagTexts, {.kinds = {{.of = FeatureKind::Stem, .buckets = 4}, {.of = FeatureKind::Word}}});
}

// Bags of every kind: two weightings mixed, one feature repeated, one bag empty.
std::shared_ptr<FeatureBags> some_bags(TextBag& encoder) {
  auto bags = std::make_shared<FeatureBags>();
  encoder.append("cat cat runs wildly", 0, *bags);
  bags->close();
  bags->close();
  encoder.append("a mane", 1, *bags);
  encoder.append("the cat", 0, *bags);
  bags->close();
  return bags;
}

TEST(TextBagEncoderTest, AgreesWithTorchInValueAndGradient) {
  TextBag encoder(bag_features(), {.dim = 6, .weightings = {"query", "item"}}, 5);
  const auto bags = some_bags(encoder);
  const Tensor table = encoder.table().value().clone().requires_grad_();
  std::vector<Tensor> weights;
  for (const Table& each : encoder.weights()) weights.push_back(each.value().clone().requires_grad_());

  // The formula, entry by entry.
  std::vector<Tensor> sums;
  for (std::size_t i = 0; i < bags->size(); ++i) {
    Tensor sum = torch::zeros({6});
    for (std::size_t e = bags->offsets[i]; e < bags->offsets[i + 1]; ++e) {
      const auto feature = static_cast<std::int64_t>(bags->features[e]);
      sum = sum + weights[bags->weightings[e]][feature][0] * table[feature];
    }
    sums.push_back(sum);
  }
  const Tensor expected = torch::stack(sums);  // (bags, dim)
  const Tensor given = encoder.forward(bags);  // (bags, dim)
  EXPECT_TRUE(torch::allclose(given, expected, 1e-5, 1e-6));

  torch::manual_seed(8);
  const Tensor pull = torch::randn({3, 6});
  (expected * pull).sum().backward();
  (given * pull).sum().backward();
  const auto compare = [](Table& mine, const Tensor& reference) {
    const RowGradient& gradient = mine.gradient();
    Tensor dense = torch::zeros_like(reference);
    for (std::size_t i = 0; i < gradient.rows.size(); ++i)
      dense[static_cast<std::int64_t>(gradient.rows[i])] = gradient.values[static_cast<std::int64_t>(i)];
    EXPECT_TRUE(torch::allclose(dense, reference, 1e-5, 1e-6)) << mine.name();
  };
  compare(encoder.table(), table.grad());
  compare(encoder.weights()[0], weights[0].grad());
  compare(encoder.weights()[1], weights[1].grad());
}

TEST(TextBagEncoderTest, EmptyBagsAreZeroAndHarmless) {
  TextBag encoder(bag_features(), {.dim = 3}, 5);
  auto bags = std::make_shared<FeatureBags>();
  bags->close();
  const Tensor out = encoder.forward(bags);
  EXPECT_TRUE(torch::equal(out, torch::zeros({1, 3})));
  out.sum().backward();
  EXPECT_TRUE(encoder.table().gradient().rows.empty());
}

TEST(FeatureBagsTest, DropsWordsOfTheOpenBagAlone) {
  constexpr std::uint64_t kDropSeed = 4;
  Random random(kDropSeed);
  std::size_t kept = 0;
  for (int round = 0; round < 200; ++round) {
    FeatureBags bags;
    bags.add(std::vector<std::uint32_t>{1, 2, 3}, 0);
    bags.close();
    bags.add(std::vector<std::uint32_t>{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, 1);
    bags.drop(0.5, random);
    bags.close();
    EXPECT_EQ(bags.offsets[1], 3U);
    EXPECT_EQ(bags.features.size(), bags.weightings.size());
    EXPECT_TRUE(std::ranges::is_sorted(bags.features));  // in reading order still
    kept += bags.offsets[2] - bags.offsets[1];
  }
  EXPECT_NEAR(static_cast<double>(kept) / 200, 5.5, 0.4) << "seed " << kDropSeed;  // one in ten is sure to stay
}

TEST(FeatureBagsTest, NeverEmptiesABag) {
  Random random(1);
  FeatureBags bags;
  bags.drop(0.9, random);  // nothing there
  bags.add(std::vector<std::uint32_t>{7, 8}, 0);
  bags.drop(1, random);
  EXPECT_EQ(bags.features.size(), 1U);
  bags.drop(0, random);
  EXPECT_EQ(bags.features.size(), 1U);
}

TEST(TextBagEncoderTest, GivesNoGradientWhenNoneIsAsked) {
  TextBag encoder(bag_features(), {.dim = 3}, 5);
  const torch::NoGradGuard no_grad;
  auto bags = std::make_shared<FeatureBags>();
  encoder.append("cat", 0, *bags);
  bags->close();
  EXPECT_FALSE(encoder.forward(bags).requires_grad());
}

TEST(TextBagEncoderTest, BeginsAsInverseDocumentFrequencyOfRandomRows) {
  const TextBag encoder(bag_features(), {.dim = 64}, 5), again(bag_features(), {.dim = 64}, 5),
      other(bag_features(), {.dim = 64}, 6);
  EXPECT_TRUE(torch::equal(encoder.table().value(), again.table().value()));
  EXPECT_FALSE(torch::equal(encoder.table().value(), other.table().value()));
  EXPECT_NEAR(encoder.table().value().norm(2, {1}).mean().item<double>(), 1, 0.05);
  const std::span<const float> weights = values_of(encoder.weights()[0].value());
  const TextFeatures& features = encoder.features();
  for (std::uint32_t row = 0; row < features.rows(); ++row) {
    EXPECT_NEAR(weights[row], std::log(6.0 / (features.counts()[row] + 1)) / std::log(6.0), 1e-6)
        << features.spelling(row);
  }
}

}  // namespace
}  // namespace quiver::learn
