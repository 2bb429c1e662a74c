#include "quiver/learn/encoders/recurrent.h"

#include <gtest/gtest.h>

#include "quiver/learn/optimizer.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kRecurrentSeed = 5;

PackedTokens words_of(const std::vector<std::vector<std::uint32_t>>& texts) {
  TokenBatch batch;
  for (const auto& text : texts) batch.add(text);
  return PackedTokens(std::move(batch));
}
Tensor vectors_of(std::int64_t words, std::int64_t dim) {
  return random_parameter("words", {words, dim}, 0.7F, kRecurrentSeed).requires_grad_();
}

// The equations of the paper, one word and one operator at a time.
Tensor rcnn_reference(const Rcnn& body, const Tensor& words) {
  const auto at = [&](const char* name) { return body.named().find(name)->second; };
  const std::int64_t n = words.size(0);
  std::vector<Tensor> left(static_cast<std::size_t>(n)), right(left), y2;
  left.front() = at("left/start");
  right.back() = at("right/start");
  for (std::int64_t i = 1; i < n; ++i) {
    const auto here = static_cast<std::size_t>(i), there = static_cast<std::size_t>(n - 1 - i);
    left[here] = torch::tanh(torch::mv(at("left/context"), left[here - 1]) + torch::mv(at("left/word"), words[i - 1]));
    right[there] =
        torch::tanh(torch::mv(at("right/context"), right[there + 1]) + torch::mv(at("right/word"), words[n - i]));
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Tensor x = torch::cat({left[i], words[static_cast<std::int64_t>(i)], right[i]});
    y2.push_back(torch::tanh(torch::mv(at("hidden"), x) + at("hidden_bias")));
  }
  return std::get<0>(torch::stack(y2).max(0));
}

TEST(RcnnTest, IsThePapersEquationsInValueAndGradient) {
  const Rcnn body({.in = 6, .context = 4, .hidden = 9}, kRecurrentSeed);
  const Tensor table = vectors_of(12, 6);
  const std::vector<std::vector<std::uint32_t>> texts{{3, 1, 4, 1, 5}, {9}, {2, 6, 5, 3, 5, 8, 9, 7}, {0, 11}};
  const PackedTokens tokens = words_of(texts);
  const Tensor pull = random_parameter("pull", {4, 9}, 1, kRecurrentSeed);
  std::vector<Tensor> with{table};
  for (const Tensor& parameter : body.parameters()) with.push_back(parameter);

  const Tensor vectors = body.forward(table.index_select(0, tokens.ids()), tokens);
  ASSERT_EQ(vectors.sizes(), (std::vector<std::int64_t>{4, 9}));
  const auto mine = torch::autograd::grad({(vectors * pull).sum()}, with);
  std::vector<Tensor> wanted;
  for (const auto& text : texts) {
    wanted.push_back(rcnn_reference(body, table.index_select(0, words_of({text}).ids())));
  }
  const Tensor all = torch::stack(wanted);
  EXPECT_LT((vectors - all).abs().max().item<double>(), 1e-5);
  const auto theirs = torch::autograd::grad({(all * pull).sum()}, with);
  for (std::size_t i = 0; i < with.size(); ++i) {
    EXPECT_LT((mine[i] - theirs[i]).abs().max().item<double>(), 2e-5) << "parameter " << i;
    EXPECT_GT(theirs[i].abs().max().item<double>(), 1e-6) << "parameter " << i;
  }
}

TEST(RcnnTest, AContextLeavesItsOwnWordOutAndStaysInItsText) {
  const Rcnn body({.in = 3, .context = 4, .hidden = 5}, kRecurrentSeed);
  const PackedTokens tokens = words_of({{0, 1, 2}, {3, 4}});
  const Tensor words = vectors_of(5, 3);
  const auto touched_by = [&](std::int64_t token, std::int64_t first) {  // which words this token's context depends on
    const Tensor x = body.contexts(words, tokens);
    const Tensor gradient =
        torch::autograd::grad({x[token].narrow(0, first, 4).square().sum()}, {words}, {}, true, false, true)[0];
    std::vector<bool> out;
    for (std::int64_t i = 0; i < 5; ++i) {
      out.push_back(gradient.defined() && gradient[i].abs().max().item<double>() > 0);
    }
    return out;
  };
  constexpr std::int64_t kLeft = 0, kRight = 4 + 3;
  EXPECT_EQ(touched_by(0, kLeft), (std::vector<bool>{false, false, false, false, false}));
  EXPECT_EQ(touched_by(2, kLeft), (std::vector<bool>{true, true, false, false, false}));
  EXPECT_EQ(touched_by(4, kLeft), (std::vector<bool>{false, false, false, true, false}));
  EXPECT_EQ(touched_by(0, kRight), (std::vector<bool>{false, true, true, false, false}));
  EXPECT_EQ(touched_by(3, kRight), (std::vector<bool>{false, false, false, false, true}));
  const torch::NoGradGuard no_grad;
  const Tensor x = body.contexts(words, tokens);
  EXPECT_TRUE(torch::equal(x[0].narrow(0, 0, 4), body.named().find("left/start")->second));
  EXPECT_TRUE(torch::equal(x[4].narrow(0, 7, 4), body.named().find("right/start")->second));
}

TEST(RcnnTest, TheMaximumOfAShortTextSeesNoPadding) {
  const Rcnn body({.in = 3, .context = 4, .hidden = 5}, kRecurrentSeed);
  const torch::NoGradGuard no_grad;
  body.named().find("hidden_bias")->second.fill_(-3);  // every y2 is below 0, what a padding of zeros would win
  const PackedTokens both = words_of({{0, 1, 2, 3, 4, 0, 1}, {2}, {}}), one = words_of({{2}});
  const Tensor words = vectors_of(5, 3);
  const Tensor vectors = body.forward(words.index_select(0, both.ids()), both);
  EXPECT_LT(vectors[1].max().item<double>(), 0);
  EXPECT_TRUE(torch::allclose(vectors[1], body.forward(words.index_select(0, one.ids()), one)[0], 0, 1e-6));
  EXPECT_EQ(vectors[2].abs().max().item<double>(), 0);  // a text without words
}

TEST(LstmTest, AVectorDependsOnItsTextAloneAndBothWaysOnBothEnds) {
  for (const bool both_ways : {false, true}) {
    const Lstm body({.in = 3, .width = 4, .both_ways = both_ways}, kRecurrentSeed);
    const Tensor table = vectors_of(5, 3);
    const PackedTokens together = words_of({{0, 1, 2}, {}, {3, 4}}), alone = words_of({{3, 4}});
    const Tensor vectors = body.forward(table.index_select(0, together.ids()), together);
    ASSERT_EQ(vectors.sizes(), (std::vector<std::int64_t>{3, both_ways ? 8 : 4}));
    EXPECT_EQ(vectors[1].abs().max().item<double>(), 0);
    EXPECT_TRUE(torch::allclose(vectors[2], body.forward(table.index_select(0, alone.ids()), alone)[0], 0, 1e-6));
    const Tensor reversed = body.forward(table.index_select(0, words_of({{2, 1, 0}}).ids()), words_of({{2, 1, 0}}));
    EXPECT_GT((reversed[0] - vectors[0]).abs().max().item<double>(), 1e-3);
    vectors.square().sum().backward();
    for (const auto& [name, parameter] : body.named()) {
      ASSERT_TRUE(parameter.grad().defined()) << name;
      EXPECT_GT(parameter.grad().abs().max().item<double>(), 1e-7) << name;
    }
  }
}

// Which of two words came first: what a bag cannot tell, and what either body learns within a few steps.
template <class Body>
double learnt_order(const Body& body) {
  const Tensor table = vectors_of(2, 4), head = random_parameter("head", {2, body.out()}, 0.1F, kRecurrentSeed);
  head.requires_grad_();
  std::vector<Tensor> parameters = body.parameters();
  parameters.insert(parameters.end(), {table, head});
  Adam adam(parameters, {.rate = 0.02});
  const PackedTokens tokens = words_of({{0, 1}, {1, 0}, {0, 0, 1}, {1, 1, 0}, {0, 1, 1, 1}, {1, 0, 0}});
  const Tensor labels = torch::tensor({0, 1, 0, 1, 0, 1}, torch::kInt64);
  double loss = 0;
  for (int step = 0; step < 80; ++step) {
    adam.clear_gradients();
    const Tensor scores = torch::mm(body.forward(table.index_select(0, tokens.ids()), tokens), head.t());
    const Tensor value = torch::nn::functional::cross_entropy(scores, labels);
    value.backward();
    adam.step(1);
    loss = value.template item<double>();
  }
  return loss;
}

TEST(RecurrentTest, LearnTheOrderOfWords) {
  EXPECT_LT(learnt_order(Rcnn({.in = 4, .context = 6, .hidden = 8}, kRecurrentSeed)), 0.1);
  EXPECT_LT(learnt_order(Lstm({.in = 4, .width = 6}, kRecurrentSeed)), 0.1);
}

}  // namespace
}  // namespace quiver::learn
