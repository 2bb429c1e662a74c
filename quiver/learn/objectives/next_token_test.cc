#include "quiver/learn/objectives/next_token.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kNextSeed = 5;

PackedTokens some_texts(const std::vector<std::size_t>& lengths, std::uint32_t vocabulary) {
  TokenBatch batch;
  std::uint32_t id = 3;
  for (const std::size_t length : lengths) {
    std::vector<std::uint32_t> ids;
    for (std::size_t i = 0; i < length; ++i) ids.push_back(id = (id * 7 + 1) % vocabulary);
    batch.add(ids);
  }
  return PackedTokens(std::move(batch));
}

TEST(NextTokenTest, TheLastTokenOfATextHasNoTarget) {
  TokenBatch batch;
  batch.add(std::vector<std::uint32_t>{4, 5, 6});
  batch.add({});
  batch.add(std::vector<std::uint32_t>{7});
  batch.add(std::vector<std::uint32_t>{8, 9});
  const Tensor targets = next_tokens(PackedTokens(std::move(batch)));
  EXPECT_TRUE(torch::equal(targets, torch::tensor({5, 6, -1, -1, 9, -1}, torch::kInt64)));
}

// Below, at and above the rows that are held at once.
TEST(NextTokenTest, IsTheReferencesLossAndGradient) {
  for (const std::size_t texts : {std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{150}}) {
    constexpr std::uint32_t kWords = 37;
    const PackedTokens tokens = some_texts(std::vector<std::size_t>(texts, 5), kWords);
    const Tensor targets = next_tokens(tokens);
    std::vector<Tensor> losses, gradients;
    for (const bool reference : {false, true}) {
      const Tensor states = random_parameter("states", {tokens.tokens(), 12}, 1, kNextSeed).requires_grad_();
      const Tensor table = random_parameter("table", {kWords, 12}, 1, kNextSeed).requires_grad_();
      const Tensor loss = reference ? next_token_reference(states, table, targets)
                                    : NextToken()({{"states", states}, {"table", table}}, {{"targets", targets}});
      (3 * loss).backward();
      losses.push_back(loss.detach());
      gradients.push_back(torch::cat({states.grad(), table.grad()}));
    }
    EXPECT_TRUE(torch::allclose(losses[0], losses[1], 1e-5, 1e-6)) << texts;
    EXPECT_TRUE(torch::allclose(gradients[0], gradients[1], 1e-4, 1e-6)) << texts;
  }
}

TEST(NextTokenTest, AUniformModelPaysTheLogOfTheVocabulary) {
  const PackedTokens tokens = some_texts({9, 4}, 20);
  const Tensor loss = NextToken()({{"states", torch::zeros({13, 6})}, {"table", torch::ones({20, 6})}},
                                  {{"targets", next_tokens(tokens)}});
  EXPECT_NEAR(loss.item<double>(), std::log(20.0), 1e-6);
}

TEST(NextTokenTest, LargeScoresDoNotOverflow) {
  const Tensor states = torch::full({1, 1}, 300.0F), table = torch::tensor({{1.0F}, {-1.0F}});
  const Tensor loss =
      NextToken()({{"states", states}, {"table", table}}, {{"targets", torch::zeros({1}, torch::kInt64)}});
  EXPECT_NEAR(loss.item<double>(), 0, 1e-6);
}

TEST(NextTokenTest, TextsOfOneTokenCostNothing) {
  const Tensor states = torch::ones({2, 3}).requires_grad_();
  const Tensor loss = NextToken()({{"states", states}, {"table", torch::ones({5, 3})}},
                                  {{"targets", next_tokens(some_texts({1, 1}, 5))}});
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_TRUE(torch::equal(states.grad(), torch::zeros({2, 3})));
}

}  // namespace
}  // namespace quiver::learn
