#include "quiver/model/transformer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {
using testing::HasSubstr;

TransformerConfig small() {
  return {.vocabulary = 100, .dim = 12, .heads = 3, .hidden = 20, .layers = 2, .context = 16, .types = 2};
}

TEST(TransformerConfig, ReadsWhatItWrites) {
  TransformerConfig rotary = small();
  rotary.key_heads = 1;
  rotary.head_dim = 6;
  rotary.positions = {.kind = PositionKind::Rotary, .base = 1e6};
  rotary.norm = NormKind::Rms;
  rotary.norm_first = rotary.gated = rotary.causal = true;
  rotary.embedding_norm = false;
  rotary.activation = simd::Activation::Silu;
  TransformerConfig relative = small();
  relative.positions = {.first = 2};
  relative.relative = {.buckets = 16, .farthest = 64};
  TransformerConfig learned = small();
  learned.positions = {.first = 2, .padding = 1};
  for (TransformerConfig config : {small(), rotary, relative, learned}) {
    const auto read = TransformerConfig::parse(config.to_json());
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->to_json(), config.to_json());
    config.key_heads = config.key_heads_or_all();  // what is written is explicit
    config.head_dim = config.head_width();
    EXPECT_EQ(*read, config);
  }
}

TEST(TransformerConfig, RefusesWhatCannotBe) {
  const auto message = [](auto change) {
    TransformerConfig config = small();
    change(config);
    const auto checked = config.check();
    return checked.has_value() ? std::string("accepted") : checked.error().message();
  };
  using C = TransformerConfig;
  EXPECT_EQ(message([](C&) {}), "accepted");
  EXPECT_THAT(message([](C& c) { c.layers = 0; }), HasSubstr("layers is 0, expected 1 or more"));
  EXPECT_THAT(message([](C& c) { c.vocabulary = std::size_t{1} << 40; }), HasSubstr("vocabulary is 1099511627776"));
  EXPECT_THAT(message([](C& c) { c.context = 1 << 20; }), HasSubstr("context is 1048576, expected at most 262144"));
  EXPECT_THAT(message([](C& c) { c.types = std::size_t{1} << 40; }), HasSubstr("types"));
  EXPECT_THAT(message([](C& c) { c.heads = 5; }), HasSubstr("dim is 12, expected a multiple of its heads, 5"));
  EXPECT_THAT(message([](C& c) { c.key_heads = 2; }), HasSubstr("key_heads is 2, expected a divisor of 3"));
  EXPECT_THAT(message([](C& c) { c.heads = c.head_dim = std::size_t{1} << 20; }), HasSubstr("heads times head_dim"));
  EXPECT_THAT(message([](C& c) {
                c.head_dim = 5;
                c.positions.kind = PositionKind::Rotary;
              }),
              HasSubstr("head_dim is 5, expected an even number"));
  EXPECT_THAT(message([](C& c) { c.positions = {.kind = PositionKind::Rotary, .base = 0}; }), HasSubstr("rotary base"));
  EXPECT_THAT(message([](C& c) { c.positions.padding = 1; }), HasSubstr("first position is 0, expected 1 or more"));
  EXPECT_THAT(message([](C& c) { c.relative.buckets = 6; }),
              HasSubstr("relative buckets is 6, expected a multiple of 4"));
  EXPECT_THAT(message([](C& c) { c.relative = {.buckets = 32, .farthest = 8}; }), HasSubstr("expected more than 8"));
  EXPECT_THAT(message([](C& c) { c.epsilon = -1; }), HasSubstr("epsilon"));
}

TEST(TransformerConfig, NamesWhatAFileMisses) {
  const auto message = [](const std::string& from, const std::string& to) {
    std::string json = small().to_json();
    const std::size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    const auto read = TransformerConfig::parse(json.replace(at, from.size(), to));
    return read.has_value() ? std::string("accepted") : read.error().message();
  };
  EXPECT_THAT(message("\"heads\"", "\"ears\""), HasSubstr("no key 'heads'"));
  EXPECT_THAT(message("\"layer\"", "\"batch\""), HasSubstr("'batch' is no norm; there are layer, rms"));
  EXPECT_THAT(message("\"gelu\"", "\"mish\""), HasSubstr("'mish' is no activation; there are gelu, gelu_tanh, relu"));
  EXPECT_THAT(message("\"learned\"", "\"guessed\""), HasSubstr("'guessed' is no kind of positions"));
  EXPECT_THAT(message("\"layers\":2", "\"layers\":0"), HasSubstr("layers is 0"));
}

}  // namespace
}  // namespace quiver
