#include "quiver/learn/objectives/hard_contrastive.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kHardSeed = 17;
constexpr std::int64_t kRows = 4, kEach = 3, kWidth = 6;

Tensors some_vectors() {
  Tensors out;
  out["left"] = random_parameter("left", {kRows, kWidth}, 1, kHardSeed).requires_grad_();
  out["right"] = random_parameter("right", {kRows, kWidth}, 1, kHardSeed).requires_grad_();
  out["negative"] = random_parameter("negative", {kRows * kEach, kWidth}, 1, kHardSeed).requires_grad_();
  return out;
}
double cosine_of_two(const Tensor& a, const Tensor& b) { return (a.dot(b) / (a.norm() * b.norm())).item<double>(); }

// The formula, term by term, over the sets that `counts` lets in: (row, column) of [right, negatives of all rows].
template <class Counts>
double by_hand(const Tensors& out, double temperature, Counts counts) {
  const torch::NoGradGuard no_grad;
  const Tensor all = torch::cat({out.at("right"), out.at("negative")});
  double sum = 0;
  for (std::int64_t i = 0; i < kRows; ++i) {
    double total = 0;
    for (std::int64_t j = 0; j < all.size(0); ++j) {
      if (counts(i, j)) total += std::exp(cosine_of_two(out.at("left")[i], all[j]) / temperature);
    }
    sum += std::log(total) - cosine_of_two(out.at("left")[i], all[i]) / temperature;
  }
  return sum / kRows;
}
std::int64_t owner(std::int64_t column) { return column < kRows ? column : (column - kRows) / kEach; }

TEST(HardContrastiveTest, WithoutTheBatchARowSeesItsOwnNegativesAlone) {
  const Tensors out = some_vectors();
  const Tensor loss = HardContrastive({.temperature = 0.2, .in_batch = false})(out, {});
  EXPECT_NEAR(loss.item<double>(), by_hand(out, 0.2, [](auto i, auto j) { return owner(j) == i; }), 1e-5);
  loss.backward();
  for (const auto& [name, tensor] : out) EXPECT_GT(tensor.grad().abs().max().item<double>(), 1e-4) << name;
}

TEST(HardContrastiveTest, WithTheBatchARowSeesAll) {
  const Tensors out = some_vectors();
  for (const double temperature : {0.2, 0.02}) {  // fused, and below where that could underflow
    const Tensor loss = HardContrastive({.temperature = temperature})(out, {});
    EXPECT_NEAR(loss.item<double>(), by_hand(out, temperature, [](auto, auto) { return true; }), 2e-4) << temperature;
  }
}

TEST(HardContrastiveTest, OthersOfAGroupAreNoNegatives) {
  const Tensors out = some_vectors();
  const std::vector<std::int64_t> rows{0, 1, 0, 2}, negatives{1, 1, 2, 0, 2, 3, 4, 4, 4, 0, 1, 5};
  Tensors groups{{"left_group", torch::tensor(rows)},
                 {"right_group", torch::tensor(rows)},
                 {"negative_group", torch::tensor(negatives)}};
  const auto counts = [&](std::int64_t i, std::int64_t j) {
    const std::int64_t group =
        j < kRows ? rows[static_cast<std::size_t>(j)] : negatives[static_cast<std::size_t>(j - kRows)];
    return i == j || rows[static_cast<std::size_t>(i)] != group;
  };
  EXPECT_NEAR(HardContrastive({.temperature = 0.2})(out, groups).item<double>(), by_hand(out, 0.2, counts), 1e-5);
}

TEST(HardContrastiveTest, TheBatchAloneWillDo) {
  Tensors out = some_vectors();
  out.erase("negative");
  const Contrastive plain({.temperature = 0.2, .learn_temperature = false, .backward = 0});
  EXPECT_EQ(HardContrastive({.temperature = 0.2})(out, {}).item<double>(), plain(out, {}).item<double>());
  EXPECT_DEATH(HardContrastive({.in_batch = false})(out, {}), "negative");
}

TEST(HardContrastiveTest, ARowItsNegativesEqualPaysTheLogOfTheirNumber) {
  const Tensor same = torch::ones({2, 5});
  const Tensor loss =
      HardContrastive({.in_batch = false})({{"left", same}, {"right", same}, {"negative", torch::ones({14, 5})}}, {});
  EXPECT_NEAR(loss.item<double>(), std::log(8.0), 1e-5);
}

}  // namespace
}  // namespace quiver::learn
