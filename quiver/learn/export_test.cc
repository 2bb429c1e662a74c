#include "quiver/learn/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/parameters.h"
#include "quiver/model/import.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;

struct Frozen {
  TextBag encoder;
  std::vector<BagPort> ports{{.name = "query", .role = "query", .inputs = {{"text", "query"}}},
                             {.name = "entry",
                              .role = "item",
                              .inputs = {{"lemmas", "lemmas"}, {"definition", "definition"}},
                              .many = {"lemmas"}}};
  explicit Frozen(std::int64_t dim = 24)
      : encoder(features(), {.dim = dim, .weightings = {"query", "lemmas", "definition"}}, 3) {
    torch::manual_seed(1);
    for (Table& each : encoder.weights()) each.value().add_(0.1 * torch::randn_like(each.value()));
  }
  static TextFeatures features() {
    return *TextFeatures::fit(
        std::vector<std::string_view>{"a large wild cat with a mane", "run away", "a running cat"},
        {.kinds = {{.of = FeatureKind::Stem, .buckets = 8}}});
  }
  Card card() const { return {.recipe = "test", .data_licence = "none"}; }
};

Tensor unit_of(const Tensor& x) {
  return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(1));
}

TEST(ExportTest, FrozenVectorsAreTheModulesWithin1e4) {
  for (const Element stored : {Element::F32, Element::F16}) {
    Frozen frozen(stored == Element::F32 ? 24 : 256);
    const auto half = static_cast<std::size_t>(frozen.encoder.table().dim()) / 2;
    auto model = freeze(frozen.encoder, frozen.ports, {half}, frozen.card(), stored);
    ASSERT_TRUE(model.has_value()) << model.error().message();
    const TemporaryFolder folder;
    ASSERT_TRUE(model->save(folder.path() / "m.qvm").has_value());
    const auto opened = Model::open(folder.path() / "m.qvm");
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    EXPECT_EQ(opened->id(), model->id());

    const std::vector<std::string> texts{"the wild cats ran", "unheard words", "", "manes"};
    const std::vector<std::vector<std::string>> lemmas{{"cat", "large cat"}, {}, {"run"}};
    const std::vector<std::string> definitions{"a wild animal", "away with it", ""};
    auto bags = std::make_shared<FeatureBags>();
    for (const std::string& text : texts) {
      frozen.encoder.append(text, 0, *bags);
      bags->close();
    }
    ItemsBuilder builder({{.name = "lemmas", .many = true}, {.name = "definition"}});
    for (std::size_t i = 0; i < lemmas.size(); ++i) {
      for (const std::string& lemma : lemmas[i]) {
        frozen.encoder.append(lemma, 1, *bags);
        builder.text(0, lemma);
      }
      frozen.encoder.append(definitions[i], 2, *bags);
      builder.text(1, definitions[i]);
      builder.end_row();
      bags->close();
    }
    const torch::NoGradGuard no_grad;
    const Tensor expected = unit_of(frozen.encoder.forward(bags));  // (texts + entries, dim)
    quiver::Run run({.threads = 1});
    const auto query = opened->encode(Items::of("text", texts), {.role = "query"}, run);
    const auto entry = opened->encode(std::move(builder).build(), {.role = "item"}, run);
    ASSERT_TRUE(query.has_value() && entry.has_value());
    EXPECT_EQ(query->rows.space().id, entry->rows.space().id);
    const Tensor given = torch::cat({to_tensor(*query->rows.dense()), to_tensor(*entry->rows.dense())});
    EXPECT_LT((given - expected).abs().max().item<double>(), stored == Element::F32 ? 1e-6 : 1e-4);

    const auto prefix = opened->encode(Items::of("text", texts), {.role = "query", .dims = half}, run);
    ASSERT_TRUE(prefix.has_value()) << prefix.error().message();
    const Tensor cut =
        unit_of(expected.narrow(0, 0, 4).narrow(1, 0, static_cast<std::int64_t>(half)));  // (texts, half)
    EXPECT_LT((to_tensor(*prefix->rows.dense()) - cut).abs().max().item<double>(), 1e-4);
  }
}

TEST(ExportTest, TheErrorNamesWhatDoesNotFit) {
  Frozen frozen;
  frozen.ports[0].inputs[0].weighting = "nowhere";
  EXPECT_THAT(freeze(frozen.encoder, frozen.ports, {}, frozen.card()).error().message(), HasSubstr("weights/nowhere"));
  EXPECT_THAT(freeze(frozen.encoder, {frozen.ports[1]}, {}, {.recipe = "test"}).error().message(),
              HasSubstr("data_licence"));
}

// A transformer of the tokens of a fixture, as if some training had moved it.
struct FrozenTransformer {
  Tokenizer tokenizer = *Tokenizer::open("tests/data/import/bert/tokenizer.json");
  Transformer encoder;
  std::vector<std::string> texts{"The lion sleeps", "", "der Fluss", "a lion, a lion and one more lion by the river"};

  explicit FrozenTransformer(bool decoder) : encoder(config(tokenizer, decoder), {.biases = !decoder}, 9) {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : encoder.named()) {
      parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.2F, 9));
    }
  }
  static TransformerConfig config(const Tokenizer& tokenizer, bool decoder) {
    TransformerConfig out{
        .vocabulary = tokenizer.size(), .dim = 24, .heads = 4, .hidden = 40, .layers = 3, .context = 16, .types = 2};
    if (!decoder) return out;
    out.key_heads = 2;
    out.types = 0;
    out.positions = {.kind = PositionKind::Rotary};
    out.norm = NormKind::Rms;
    out.norm_first = out.gated = out.causal = true;
    out.embedding_norm = false;
    out.activation = simd::Activation::Silu;
    return out;
  }
  // The pooled unit vectors, text by text as a training loop would make them.
  Tensor vectors(Pool how, const TransformerPass& pass = {}, const std::string& prefix = {},
                 std::uint32_t skip = 0) const {
    const torch::NoGradGuard no_grad;
    TokenBatch batch;
    for (const std::string& text : texts) {
      const Tokens tokens = tokenizer.encode(prefix + text, {.longest = encoder.config().context});
      batch.add(tokens.ids, tokens.types);
    }
    const PackedTokens tokens(std::move(batch));
    const std::vector<std::uint32_t> skips(texts.size(), skip);
    return unit_of(pool(how, encoder.exit(encoder.forward(tokens, pass).back()), tokens, skips));
  }
  static Tensor encoded(const Model& model, const std::vector<std::string>& texts, const ApplyOptions& options = {}) {
    quiver::Run run({.threads = 1});
    const auto out = model.encode(Items::of("text", texts), options, run);
    EXPECT_TRUE(out.has_value()) << out.error().message();
    return to_tensor(*out->rows.dense());
  }
};
Card card_of_transformer() { return {.recipe = "test", .data_licence = "none"}; }

TEST(ExportTest, AFrozenTransformerGivesTheModulesVectorsWithin1e4) {
  for (const bool decoder : {false, true}) {
    const FrozenTransformer frozen(decoder);
    for (const Pool how : {Pool::Mean, Pool::First, Pool::Last, Pool::Max}) {
      const auto model = freeze(frozen.encoder, frozen.tokenizer, {.pooling = {how}, .prefixes = {8}, .layers = 3},
                                card_of_transformer());
      ASSERT_TRUE(model.has_value()) << model.error().message();
      const Tensor wanted = frozen.vectors(how);
      EXPECT_LT((FrozenTransformer::encoded(*model, frozen.texts) - wanted).abs().max().item<double>(), 1e-4);
      const Tensor early = FrozenTransformer::encoded(*model, frozen.texts, {.layers = 1});
      EXPECT_LT((early - frozen.vectors(how, {.layers = 1})).abs().max().item<double>(), 1e-4);
      const Tensor cut = FrozenTransformer::encoded(*model, frozen.texts, {.dims = 8});
      EXPECT_LT((cut - unit_of(wanted.narrow(1, 0, 8))).abs().max().item<double>(), 1e-4);
    }
  }
}

TEST(ExportTest, ATransformersPortsDifferInTheirPrefixAndADecoderMayLookBothWays) {
  const FrozenTransformer frozen(true);
  const TransformerExport as{.ports = {{.name = "query", .role = "query", .prefix = "the lion "}, {.name = "item"}},
                             .pool_prefix = false,
                             .causal = false};
  const auto model = freeze(frozen.encoder, frozen.tokenizer, as, card_of_transformer());
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const TransformerPass both{.causal = false};
  const auto skip = static_cast<std::uint32_t>(frozen.tokenizer.encode("the lion ").ids.size() - 1);  // less [SEP]
  const Tensor queries = FrozenTransformer::encoded(*model, frozen.texts, {.role = "query"});
  EXPECT_LT((queries - frozen.vectors(Pool::Mean, both, "the lion ", skip)).abs().max().item<double>(), 1e-4);
  const Tensor items = FrozenTransformer::encoded(*model, frozen.texts, {.role = "item"});
  EXPECT_LT((items - frozen.vectors(Pool::Mean, both)).abs().max().item<double>(), 1e-4);
}

TEST(ExportTest, LatentAttentionAndInstructionsLeaveTorchWithTheModel) {
  const FrozenTransformer frozen(true);
  for (const std::int64_t head_dim : {std::int64_t{0}, std::int64_t{24}}) {  // also as wide as a released head
    const LatentAttention latent({.dim = 24, .latents = 7, .heads = 4, .head_dim = head_dim}, 3);
    {
      const torch::NoGradGuard no_grad;
      for (const auto& [name, parameter] : latent.named()) {
        parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.2F, 3));
      }
    }
    const TransformerExport as{
        .ports = {{.name = "query", .role = "query", .instruction = "task", .form = "the {} "}, {.name = "item"}},
        .latent = &latent,
        .layers = 3,
        .causal = false};
    const auto model = freeze(frozen.encoder, frozen.tokenizer, as, card_of_transformer());
    ASSERT_TRUE(model.has_value()) << model.error().message();
    const auto trained = [&](const std::string& task, std::size_t layers) {
      const torch::NoGradGuard no_grad;
      const InstructedTokenizer instructed(frozen.tokenizer, 16);
      TokenBatch batch;
      std::vector<std::uint32_t> skips;
      for (const std::string& text : frozen.texts) {
        if (task.empty() || text.empty()) {
          batch.add(frozen.tokenizer.encode(text, {.longest = 16}).ids);
          skips.push_back(0);
          continue;
        }
        const InstructionHead head = *instructed.head("the " + task + " ");
        batch.add(instructed.encode(head, text)->ids);
        skips.push_back(static_cast<std::uint32_t>(head.ids.size()));
      }
      const PackedTokens tokens(std::move(batch));
      const std::vector<Tensor> states = frozen.encoder.forward(tokens, {.layers = layers, .causal = false});
      return unit_of(latent(frozen.encoder.exit(states.back()), tokens, skips));
    };
    const Tensor items = FrozenTransformer::encoded(*model, frozen.texts);
    EXPECT_LT((items - trained("", 0)).abs().max().item<double>(), 1e-4);
    const Tensor early = FrozenTransformer::encoded(*model, frozen.texts, {.layers = 1});
    EXPECT_LT((early - trained("", 1)).abs().max().item<double>(), 1e-4);

    ItemsBuilder builder({{.name = "text"}, {.name = "task", .optional = true}});
    for (const std::string& text : frozen.texts) {
      builder.text(0, text);
      if (!text.empty()) builder.text(1, "river");
      builder.end_row();
    }
    quiver::Run run({.threads = 1});
    const auto queries = model->encode(std::move(builder).build(), {.role = "query"}, run);
    ASSERT_TRUE(queries.has_value()) << queries.error().message();
    EXPECT_LT((to_tensor(*queries->rows.dense()) - trained("river", 0)).abs().max().item<double>(), 1e-4);
    const auto thawed = thaw(*model);
    ASSERT_TRUE(thawed.has_value()) << thawed.error().message();
    TransformerExport same = as;
    same.latent = &*thawed->latent;
    EXPECT_EQ(freeze(thawed->encoder, thawed->tokenizer, same, card_of_transformer())->id(), model->id());
  }
}

TEST(ExportTest, StepsBehindThePoolBringTheirTensors) {
  const FrozenTransformer frozen(false);
  const Tensor in = random_parameter("in", {10, 24}, 0.3F, 5), out = random_parameter("out", {24, 10}, 0.3F, 5);
  const Tensor bias = random_parameter("bias", {10}, 0.3F, 5);
  const auto model = freeze(frozen.encoder, frozen.tokenizer,
                            {.steps = R"([{"step": "residual", "name": "mlp"}, {"step": "unit"}])",
                             .tensors = {{"mlp/in", in}, {"mlp/in_bias", bias}, {"mlp/out", out}}},
                            card_of_transformer());
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const torch::NoGradGuard no_grad;
  TokenBatch batch;
  for (const std::string& text : frozen.texts) batch.add(frozen.tokenizer.encode(text, {.longest = 16}).ids);
  const PackedTokens tokens(std::move(batch));
  const Tensor pooled = pool(Pool::Mean, frozen.encoder.exit(frozen.encoder.forward(tokens).back()), tokens);
  const Tensor wanted = unit_of(pooled + torch::linear(torch::gelu(torch::linear(pooled, in, bias)), out));
  EXPECT_LT((FrozenTransformer::encoded(*model, frozen.texts) - wanted).abs().max().item<double>(), 1e-4);
}

TEST(ExportTest, AThawedTransformerIsTheOneThatWasFrozen) {
  const FrozenTransformer frozen(true);
  for (const Element stored : {Element::F32, Element::Bf16}) {
    const auto model = freeze(frozen.encoder, frozen.tokenizer, {.stored = stored}, card_of_transformer());
    const auto thawed = thaw(*model);
    ASSERT_TRUE(thawed.has_value()) << thawed.error().message();
    EXPECT_EQ(thawed->encoder.config().to_json(), frozen.encoder.config().to_json());
    EXPECT_EQ(thawed->config.pooling, (std::vector<Pool>{Pool::Mean}));
    const auto again = freeze(thawed->encoder, thawed->tokenizer, {.stored = stored}, card_of_transformer());
    EXPECT_EQ(again->id(), model->id());
  }
}

TEST(ExportTest, AnImportedModelCanBeTrainedOn) {
  for (const char* folder : {"bert", "distilbert", "mpnet", "roberta"}) {
    const auto imported = import_folder(std::string("tests/data/import/") + folder);
    ASSERT_TRUE(imported.has_value()) << imported.error().message();
    const auto thawed = thaw(imported->model, 0.1);
    ASSERT_TRUE(thawed.has_value()) << folder << ": " << thawed.error().message();
    const std::vector<std::string> texts{"The lion sleeps", "der Fluss", "one"};
    TokenBatch batch;
    for (const std::string& text : texts) batch.add(thawed->tokenizer.encode(text).ids);
    const PackedTokens tokens(std::move(batch));
    const torch::NoGradGuard no_grad;
    const Tensor states = thawed->encoder.exit(thawed->encoder.forward(tokens).back());
    const Tensor wanted = FrozenTransformer::encoded(imported->model, texts);
    EXPECT_LT((unit_of(pool(thawed->config.pooling[0], states, tokens)) - unit_of(wanted)).abs().max().item<double>(),
              1e-4)
        << folder;
  }
}

TEST(ExportTest, OnlyATransformerThaws) {
  Frozen frozen;
  EXPECT_THAT(thaw(*freeze(frozen.encoder, frozen.ports, {}, frozen.card())).error().message(),
              HasSubstr("this one's is 'text_bag'"));
  const FrozenTransformer other(false);
  EXPECT_THAT(freeze(other.encoder, other.tokenizer, {.layers = 9}, card_of_transformer()).error().message(),
              HasSubstr("promises 9 exits, there are 3 layers"));
}

}  // namespace
}  // namespace quiver::learn
