#include "quiver/learn/gradient_cache.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "quiver/learn/objectives/contrastive.h"

namespace quiver::learn {
namespace {

// Two layers on fixed rows, and a contrastive loss between the two halves of what they give.
struct Net {
  Tensor x = torch::randn({22, 5});
  Tensor in = torch::randn({8, 5}).requires_grad_(), out = torch::randn({4, 8}).requires_grad_();
  Contrastive objective{{.temperature = 0.1}};
  std::vector<std::pair<std::int64_t, std::int64_t>> calls;

  Tensor encode(std::int64_t first, std::int64_t count) {
    calls.emplace_back(first, count);
    return torch::linear(torch::tanh(torch::linear(x.slice(0, first, first + count), in)), out);  // (count, 4)
  }
  Tensor loss(const Tensor& vectors) const {
    return objective({{"left", vectors.slice(0, 0, 11)}, {"right", vectors.slice(0, 11, 22)}}, {});
  }
  void clear() {
    for (const Tensor& each : {in, out}) {
      if (each.grad().defined()) each.grad().zero_();
    }
  }
};

TEST(GradientCache, GivesTheGradientsOfTheWholeBatch) {
  torch::manual_seed(3);
  Net net;
  const Tensor whole = net.loss(net.encode(0, 22));
  whole.backward();
  const Tensor in = net.in.grad().clone(), out = net.out.grad().clone();
  for (const std::int64_t chunk : {1, 5, 11, 22, 100}) {
    net.clear();
    const Tensor loss = net.loss(encode_in_chunks(22, chunk, [&](auto first, auto n) { return net.encode(first, n); }));
    EXPECT_NEAR(loss.item<float>(), whole.item<float>(), 1e-5F) << chunk;
    loss.backward();
    EXPECT_TRUE(torch::allclose(net.in.grad(), in, 1e-4, 1e-6)) << "chunks of " << chunk;
    EXPECT_TRUE(torch::allclose(net.out.grad(), out, 1e-4, 1e-6)) << "chunks of " << chunk;
  }
}

TEST(GradientCache, EncodesEachChunkOnceWithAndOnceWithoutAGraph) {
  torch::manual_seed(4);
  Net net;
  std::vector<bool> graphs;
  const auto encode = [&](std::int64_t first, std::int64_t count) {
    graphs.push_back(torch::GradMode::is_enabled());
    return net.encode(first, count);
  };
  net.loss(encode_in_chunks(22, 9, encode)).backward();
  using Calls = std::vector<std::pair<std::int64_t, std::int64_t>>;
  EXPECT_EQ(net.calls, (Calls{{0, 9}, {9, 9}, {18, 4}, {0, 9}, {9, 9}, {18, 4}}));
  EXPECT_EQ(graphs, (std::vector<bool>{false, false, false, true, true, true}));
}

TEST(GradientCache, WithoutGradientsItOnlyEncodes) {
  Net net;
  const torch::NoGradGuard off;
  const Tensor vectors = encode_in_chunks(22, 9, [&](auto first, auto n) { return net.encode(first, n); });
  EXPECT_FALSE(vectors.requires_grad());
  EXPECT_EQ(net.calls.size(), 3U);
  EXPECT_TRUE(torch::allclose(vectors, net.encode(0, 22)));
}

}  // namespace
}  // namespace quiver::learn
