#include "quiver/learn/heads/pooling.h"

#include <gtest/gtest.h>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {

PackedTokens texts_of(const std::vector<std::size_t>& lengths) {
  TokenBatch batch;
  for (const std::size_t length : lengths) batch.add(std::vector<std::uint32_t>(length, 0));
  return PackedTokens(std::move(batch));
}

TEST(PoolingTest, IsThatOfModelsInEveryWay) {
  constexpr std::uint64_t kPoolSeed = 3;
  const std::vector<std::size_t> lengths{3, 0, 1, 6};
  const PackedTokens tokens = texts_of(lengths);
  const Tensor states = random_parameter("states", {tokens.tokens(), 5}, 1, kPoolSeed);
  for (const Pool how : {Pool::First, Pool::Mean, Pool::Max, Pool::Last, Pool::MeanSqrt, Pool::Weighted}) {
    for (const std::vector<std::uint32_t>& skip : {std::vector<std::uint32_t>{}, {1, 1, 1, 1}, {0, 2, 0, 4}}) {
      const Tensor pooled = pool(how, states, tokens, skip);
      std::size_t first = 0;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        std::vector<float> wanted(5);
        quiver::pool(how, rows_of(states).slice(first, lengths[i]), skip.empty() ? 0 : skip[i], wanted);
        EXPECT_TRUE(torch::allclose(pooled[static_cast<std::int64_t>(i)], to_tensor(wanted), 1e-5, 1e-6))
            << quiver::name_of(how) << ", text " << i << ", seed " << kPoolSeed;
        first += lengths[i];
      }
    }
  }
}

TEST(PoolingTest, GivesEachTokenItsShareOfTheGradient) {
  const PackedTokens tokens = texts_of({2, 3});
  const auto gradient = [&](Pool how, std::vector<std::uint32_t> skip) {
    const Tensor states = torch::tensor({1.0F, 5.0F, 2.0F, 7.0F, 7.0F}).unsqueeze(1).requires_grad_();
    pool(how, states, tokens, skip).sum().backward();
    return states.grad().squeeze(1);
  };
  EXPECT_TRUE(torch::allclose(gradient(Pool::Mean, {}), torch::tensor({0.5F, 0.5F, 1 / 3.0F, 1 / 3.0F, 1 / 3.0F})));
  EXPECT_TRUE(torch::allclose(gradient(Pool::Mean, {0, 1}), torch::tensor({0.5F, 0.5F, 0.0F, 0.5F, 0.5F})));
  EXPECT_TRUE(torch::allclose(gradient(Pool::Max, {}), torch::tensor({0.0F, 1.0F, 0.0F, 0.5F, 0.5F})));
  EXPECT_TRUE(torch::allclose(gradient(Pool::Max, {2, 0}), torch::tensor({0.0F, 0.0F, 0.0F, 0.5F, 0.5F})));
}

TEST(PoolingTest, NoTokensGiveZeros) {
  for (const Pool how : {Pool::Mean, Pool::Max}) {
    EXPECT_TRUE(torch::equal(pool(how, torch::zeros({0, 3}), texts_of({0, 0})), torch::zeros({2, 3})));
    EXPECT_EQ(pool(how, torch::zeros({0, 3}), texts_of({})).size(0), 0);
  }
}

}  // namespace
}  // namespace quiver::learn
