#include "quiver/learn/encoders/transformer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/learn/encoders/text_bag.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/parameters.h"
#include "quiver/learn/trainer.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kStackSeed = 17;

struct StackCase {
  std::string name;
  TransformerConfig config;
  bool biases = true;
};
TransformerConfig small_stack() {
  return {.vocabulary = 30, .dim = 16, .heads = 4, .hidden = 24, .layers = 3, .context = 12};
}
std::vector<StackCase> stack_cases() {
  StackCase bert{"Bert", small_stack()};
  bert.config.types = 2;
  StackCase llama{"Llama", small_stack(), false};
  llama.config.key_heads = 2;
  llama.config.head_dim = 6;
  llama.config.positions = {.kind = PositionKind::Rotary, .base = 100};
  llama.config.norm = NormKind::Rms;
  llama.config.norm_first = llama.config.gated = llama.config.causal = true;
  llama.config.embedding_norm = false;
  llama.config.activation = simd::Activation::Silu;
  StackCase mpnet{"Mpnet", small_stack()};
  mpnet.config.positions = {.first = 2, .padding = 1};
  mpnet.config.relative = {.buckets = 8, .farthest = 6};
  mpnet.config.activation = simd::Activation::GeluTanh;
  StackCase plain{"WithoutPositions", small_stack()};
  plain.config.positions = {.kind = PositionKind::None};
  plain.config.norm_first = true;
  plain.config.activation = simd::Activation::Relu;
  return {bert, llama, mpnet, plain};
}

// Parameters as after some training: biases, norms and relative biases are not what they begin as.
Transformer trained_stack(const StackCase& with) {
  Transformer encoder(with.config, {.biases = with.biases}, kStackSeed);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : encoder.named()) {
    parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.3F, kStackSeed));
  }
  return encoder;
}
Weights weights_of_stack(const Transformer& encoder) {
  Weights weights;
  for (const auto& [name, parameter] : encoder.named()) {
    const auto added = parameter.dim() == 1 ? weights.add(name, std::span<const float>(values_of(parameter)))
                                            : weights.add(name, rows_of(parameter));
    EXPECT_TRUE(added.has_value()) << name;
  }
  return weights;
}
TokenBatch batch_of(const std::vector<std::size_t>& lengths, std::uint32_t vocabulary = 30) {
  Random random(kStackSeed, stream_of("tokens"));
  TokenBatch batch;
  for (const std::size_t length : lengths) {
    std::vector<std::uint32_t> ids, types;
    for (std::size_t i = 0; i < length; ++i) {
      ids.push_back(static_cast<std::uint32_t>(random.below(vocabulary)));
      types.push_back(static_cast<std::uint32_t>(random.below(2)));
    }
    batch.add(ids, types);
  }
  return batch;
}
double largest_difference(const Tensor& a, const Tensor& b) {
  return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>();
}

class TransformerStates : public testing::TestWithParam<StackCase> {};
INSTANTIATE_TEST_SUITE_P(Kinds, TransformerStates, testing::ValuesIn(stack_cases()),
                         [](const auto& one) { return one.param.name; });

TEST_P(TransformerStates, AreThoseOfTheBodyWithoutTorchAfterEveryLayer) {
  const Transformer encoder = trained_stack(GetParam());
  const auto stack = TransformerStack::open(encoder.config(), weights_of_stack(encoder));
  ASSERT_TRUE(stack.has_value()) << stack.error().message();
  const torch::NoGradGuard no_grad;
  for (const auto& lengths : {std::vector<std::size_t>{5, 12, 1, 7}, {4, 4}, {0, 3}, {1}}) {
    const PackedTokens tokens(batch_of(lengths));
    const std::vector<Tensor> states = encoder.forward(tokens);
    ASSERT_EQ(states.size(), 4U);
    TransformerStack::Scratch scratch;
    const MatrixView last = stack->run(tokens.batch(), 0, scratch, [&](std::size_t layer, MatrixView wanted) {
      EXPECT_LT(largest_difference(states[layer], to_tensor(wanted)), 2e-5) << "layer " << layer;
    });
    EXPECT_LT(largest_difference(encoder.exit(states.back()), to_tensor(last)), 2e-5);
    const MatrixView second = stack->run(tokens.batch(), 2, scratch);
    EXPECT_LT(largest_difference(encoder.exit(encoder.forward(tokens, {.layers = 2}).back()), to_tensor(second)), 2e-5);
  }
}

TEST_P(TransformerStates, LoadFromTensorsAndRefuseThoseThatDoNotFit) {
  const Transformer encoder = trained_stack(GetParam());
  const auto again = Transformer::open(encoder.config(), weights_of_stack(encoder));
  ASSERT_TRUE(again.has_value()) << again.error().message();
  ASSERT_EQ(again->named().size(), encoder.named().size());
  for (const auto& [name, parameter] : again->named()) {
    EXPECT_TRUE(torch::equal(parameter, encoder.named().find(name)->second)) << name;
    EXPECT_TRUE(parameter.requires_grad()) << name;
  }
  TransformerConfig other = encoder.config();
  other.hidden += 1;
  EXPECT_THAT(Transformer::open(other, weights_of_stack(encoder)).error().message(), HasSubstr("layers/0/feed/in"));
}

TEST_P(TransformerStates, ReachEveryParameterWithAGradient) {
  const Transformer encoder = trained_stack(GetParam());
  const PackedTokens tokens(batch_of({5, 9, 12}));
  const Tensor last = encoder.exit(encoder.forward(tokens).back());
  (last * random_parameter("pull", last.sizes(), 1, kStackSeed)).sum().backward();
  for (const auto& [name, parameter] : encoder.named()) {
    ASSERT_TRUE(parameter.grad().defined()) << name;
    EXPECT_GT(parameter.grad().abs().max().item<double>(), 1e-6) << name;
  }
}

TEST(TransformerTest, TextsOfABatchDoNotTouchEachOtherInValueOrGradient) {
  const Transformer encoder = trained_stack(stack_cases()[1]);
  const PackedTokens together(batch_of({6, 0, 2, 11}));
  const Tensor states = encoder.forward(together).back();  // (19, dim)
  TokenBatch third;
  third.add(std::span(together.batch().ids).subspan(6, 2));
  EXPECT_LT(largest_difference(encoder.forward(PackedTokens(third)).back(), states.narrow(0, 6, 2)), 1e-5);
  const Tensor words = encoder.words(together).detach().requires_grad_();
  encoder.forward_words(words, together).back().narrow(0, 6, 2).square().sum().backward();
  EXPECT_EQ(words.grad().narrow(0, 0, 6).abs().max().item<double>(), 0);
  EXPECT_EQ(words.grad().narrow(0, 8, 11).abs().max().item<double>(), 0);
  EXPECT_GT(words.grad().narrow(0, 6, 2).abs().max().item<double>(), 0);
}

TEST(TransformerTest, NothingComesOfNothing) {
  const Transformer encoder = trained_stack(stack_cases()[0]);
  for (const auto& lengths : {std::vector<std::size_t>{}, {0}, {0, 0}}) {
    const Tensor last = encoder.forward(PackedTokens(batch_of(lengths))).back();
    EXPECT_EQ(last.sizes(), (std::vector<std::int64_t>{0, 16}));
  }
}

TEST(TransformerTest, LooksBothWaysWhenToldTo) {
  StackCase with = stack_cases()[1];
  const Transformer causal = trained_stack(with);
  with.config.causal = false;
  const Transformer both = trained_stack(with);  // the same numbers: they depend on names alone
  const PackedTokens tokens(batch_of({7, 4}));
  const Tensor wanted = both.forward(tokens).back();
  EXPECT_TRUE(torch::equal(causal.forward(tokens, {.causal = false}).back(), wanted));
  EXPECT_TRUE(torch::equal(causal.forward(tokens).back(), both.forward(tokens, {.causal = true}).back()));
  EXPECT_GT(largest_difference(causal.forward(tokens).back(), wanted), 1e-2);
}

TEST(TransformerTest, ShowsTheWeightsOfEveryHead) {
  const Transformer encoder = trained_stack(stack_cases()[1]);
  std::vector<Tensor> seen;
  const TransformerPass pass{.watch = [&](std::size_t layer, const Tensor& weights) {
    seen.push_back(weights);
    EXPECT_EQ(layer, seen.size());
  }};
  encoder.forward(PackedTokens(batch_of({3, 5})), pass);
  ASSERT_EQ(seen.size(), 3U);
  for (const Tensor& weights : seen) {
    EXPECT_EQ(weights.sizes(), (std::vector<std::int64_t>{2, 4, 5, 5}));
    EXPECT_TRUE(torch::allclose(weights.sum(-1), torch::ones({2, 4, 5})));
    EXPECT_EQ(weights.triu(1).abs().max().item<double>(), 0);              // causal
    EXPECT_EQ(weights[0].narrow(-1, 3, 2).abs().max().item<double>(), 0);  // behind the first text
  }
}

TEST(TransformerTest, TakesOtherVectorsForWords) {
  const Transformer encoder = trained_stack(stack_cases()[0]);
  TokenBatch batch, other = batch_of({4, 6});
  batch = other;
  other.ids[5] = (batch.ids[5] + 1) % 30;
  const PackedTokens tokens(batch), replaced(other);
  const Tensor pseudo = encoder.words(replaced).narrow(0, 5, 1);
  const Tensor words = encoder.words(tokens).index_copy(0, torch::tensor({std::int64_t{5}}), pseudo);
  EXPECT_TRUE(torch::equal(encoder.forward_words(words, tokens).back(), encoder.forward(replaced).back()));
}

TEST(TransformerTest, ForgetsByItsSeedAlone) {
  const Transformer encoder(small_stack(), {.dropout = 0.3}, kStackSeed);
  const PackedTokens tokens(batch_of({9, 12}));
  const auto last = [&](std::optional<std::uint64_t> dropout) {
    return encoder.forward(tokens, {.dropout = dropout}).back();
  };
  EXPECT_TRUE(torch::equal(last(5), last(5)));
  EXPECT_FALSE(torch::equal(last(5), last(6)));
  EXPECT_TRUE(torch::equal(last({}), last({})));
  const Tensor embedded = encoder.forward(tokens, {.layers = 1, .dropout = 5}).front();
  const double forgotten = (embedded == 0).to(torch::kFloat32).mean().item<double>();
  EXPECT_NEAR(forgotten, 0.3, 0.08) << "seed " << kStackSeed;
  const Tensor whole = encoder.forward(tokens).front();
  const Tensor kept = embedded != 0;
  EXPECT_TRUE(torch::allclose(embedded.masked_select(kept), whole.masked_select(kept) / 0.7));
}

TEST(TransformerTest, BeginsTheSameForASeed) {
  const auto first = [](std::uint64_t seed, bool norm_first) {
    TransformerConfig config = small_stack();
    config.dim = 192;
    config.norm_first = norm_first;
    return Transformer(config, {}, seed);
  };
  const Transformer one = first(1, false), again = first(1, false), other = first(2, false), deep = first(1, true);
  const auto of = [](const Transformer& encoder, const char* name) { return encoder.named().find(name)->second; };
  EXPECT_TRUE(torch::equal(of(one, "layers/1/feed/in"), of(again, "layers/1/feed/in")));
  EXPECT_FALSE(torch::equal(of(one, "layers/1/feed/in"), of(other, "layers/1/feed/in")));
  EXPECT_NEAR(of(one, "layers/1/feed/in").std().item<double>(), 1 / std::sqrt(3 * 192.0), 0.002);
  EXPECT_TRUE(torch::allclose(of(one, "layers/1/attention/out") / std::sqrt(6.0), of(deep, "layers/1/attention/out")));
  EXPECT_TRUE(torch::equal(of(one, "embedding/norm"), torch::ones({192})));
  EXPECT_EQ(one.parameters().size(), one.named().size());
}

// "a b" is answered by "A B" and not by "B A": no bag of tokens can tell the two.
TEST(TransformerTest, LearnsWhatNeedsTheOrderOfWords) {
  constexpr std::uint32_t kWords = 6;
  TransformerConfig config = small_stack();
  config.vocabulary = 2 * kWords;
  config.dim = 32;
  config.layers = 2;
  const Transformer encoder(config, {}, kStackSeed);
  TokenBatch asked, answers;
  std::vector<std::string> texts;
  for (std::uint32_t a = 0; a < kWords; ++a) {
    for (std::uint32_t b = 0; b < kWords; ++b) {
      if (a == b) continue;
      asked.add(std::vector<std::uint32_t>{a, b});
      answers.add(std::vector<std::uint32_t>{kWords + a, kWords + b});
      texts.push_back(fmt::format("word{} word{}", a, b));
    }
  }
  const PackedTokens left(asked), right(answers);
  const auto vectors = [&](const PackedTokens& tokens) {
    const Tensor pooled = pool(Pool::Mean, encoder.exit(encoder.forward(tokens).back()), tokens);
    return pooled / pooled.norm(2, {1}, true);
  };
  const auto found = [&] {
    const torch::NoGradGuard no_grad;
    const Tensor best = torch::matmul(vectors(left), vectors(right).t()).argmax(1);
    return (best == torch::arange(left.texts())).to(torch::kFloat32).mean().item<double>();
  };
  const double before = found();

  Contrastive objective({.temperature = 0.1, .learn_temperature = false});
  Adam adam(encoder.parameters(), {.rate = 3e-3});
  const Turn turn{.name = "pairs", .optimizers = {&adam}, .loss = [&](std::uint64_t) -> Result<Tensor> {
                    return objective({{"left", vectors(left)}, {"right", vectors(right)}}, {});
                  }};
  quiver::Run run({.threads = 1});
  const auto log = train(std::vector<Turn>{turn}, {.schedule = {.steps = 60, .warmup = 5}, .clip = 1}, run);
  ASSERT_TRUE(log.has_value()) << log.error().message();
  EXPECT_LT(log->curve.back().loss, log->curve.front().loss / 4);
  EXPECT_GT(found(), 0.9) << "before " << before << ", seed " << kStackSeed;

  // Each bag has a twin with the same vector: at most every second answer can be right.
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  TextBag bag(*TextFeatures::fit(views, {.kinds = {{.of = FeatureKind::Word}}}), {.dim = 8}, 1);
  auto bags = std::make_shared<FeatureBags>();
  for (const char* text : {"word1 word2", "word2 word1"}) {
    bag.append(text, 0, *bags);
    bags->close();
  }
  const Tensor twins = bag.forward(bags);
  EXPECT_TRUE(torch::allclose(twins[0], twins[1]));
}

}  // namespace
}  // namespace quiver::learn
