#include "quiver/learn/heads/latent_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kLatentSeed = 11;

LatentAttention some_head(std::int64_t head_dim) {
  LatentAttention head({.dim = 6, .latents = 5, .heads = 2, .head_dim = head_dim, .expansion = 3}, kLatentSeed);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : head.named()) {
    parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.3F, kLatentSeed));
  }
  return head;
}

// The card's five equations for one token, in double and one head at a time.
Tensor mixed_by_hand(const LatentAttention& head, const Tensor& token, std::int64_t width) {
  const auto p = [&](const char* name) { return head.named().find(name)->second.detach().to(torch::kFloat64); };
  const auto norm = [&](const Tensor& x, const char* scale, const char* shift) {
    const Tensor centred = x - x.mean(-1, true);
    return centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * p(scale) + p(shift);
  };
  const Tensor h = token.to(torch::kFloat64);
  const Tensor q = p("query").mv(norm(h, "norm", "norm_shift"));  // (2 width)
  const Tensor kv = torch::matmul(norm(p("latents"), "latents_norm", "latents_norm_shift"), p("key_value").t());
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < 2; ++i) {
    const Tensor k = kv.narrow(1, i * width, width), v = kv.narrow(1, (2 + i) * width, width);
    const Tensor weights =
        torch::softmax(k.mv(q.narrow(0, i * width, width)) / std::sqrt(static_cast<double>(width)), 0);
    parts.push_back(v.t().mv(weights));
  }
  const Tensor o = p("out").mv(torch::cat(parts)) + h;
  const Tensor inner = p("feed/in").mv(norm(o, "feed/norm", "feed/norm_shift")) + p("feed/in_bias");
  const Tensor gate = inner.narrow(0, 18, 18);
  const Tensor gelu = gate * 0.5 * (1 + torch::erf(gate / std::sqrt(2.0)));
  return p("feed/out").mv(inner.narrow(0, 0, 18) * gelu) + p("feed/out_bias") + o;
}

TEST(LatentAttentionTest, IsTheCardsEquations) {
  for (const std::int64_t head_dim : {std::int64_t{0}, std::int64_t{6}}) {
    const LatentAttention head = some_head(head_dim);
    const std::int64_t width = head_dim == 0 ? 3 : head_dim;
    const Tensor states = random_parameter("states", {4, 6}, 1, kLatentSeed);
    const Tensor mixed = head.mix(states);
    for (std::int64_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(torch::allclose(mixed[i].to(torch::kFloat64), mixed_by_hand(head, states[i], width), 1e-4, 1e-5));
    }
    TokenBatch batch;
    batch.add(std::vector<std::uint32_t>{0, 0, 0});
    batch.add({});
    batch.add(std::vector<std::uint32_t>{0});
    const PackedTokens tokens(std::move(batch));
    const Tensor pooled = head(states, tokens, std::vector<std::uint32_t>{1, 1, 0});
    EXPECT_TRUE(torch::allclose(pooled[0], mixed.narrow(0, 1, 2).mean(0), 1e-5, 1e-6));
    EXPECT_TRUE(torch::equal(pooled[1], torch::zeros({6})));
    EXPECT_TRUE(torch::allclose(pooled[2], mixed[3], 1e-5, 1e-6));
  }
}

TEST(LatentAttentionTest, ReachesEveryParameterWithAGradient) {
  const LatentAttention head = some_head(0);
  const Tensor states = random_parameter("states", {4, 6}, 1, kLatentSeed).requires_grad_();
  (head.mix(states) * random_parameter("pull", {4, 6}, 1, kLatentSeed)).sum().backward();
  EXPECT_EQ(head.parameters().size(), head.named().size());
  for (const auto& [name, parameter] : head.named()) {
    ASSERT_TRUE(parameter.grad().defined()) << name;
    EXPECT_GT(parameter.grad().abs().max().item<double>(), 1e-6) << name;
  }
  EXPECT_TRUE(states.grad().defined());
}

TEST(LatentAttentionTest, BeginsTheSameForASeed) {
  const LatentAttentionOptions options{.dim = 16, .latents = 4, .heads = 4};
  const LatentAttention one(options, 1), again(options, 1), other(options, 2);
  const Tensor states = random_parameter("states", {2, 16}, 1, kLatentSeed);
  EXPECT_TRUE(torch::equal(one.mix(states), again.mix(states)));
  EXPECT_FALSE(torch::equal(one.mix(states), other.mix(states)));
}

}  // namespace
}  // namespace quiver::learn
