#include "quiver/learn/export_rcnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/temporary_folder.h"
#include "quiver/data/train_words.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kExportSeed = 6;

struct FrozenRcnn {
  Tokenizer tokenizer;
  Rcnn body{{.in = 10, .context = 8, .hidden = 12}, kExportSeed};
  Tensor words, weight = random_parameter("weight", {3, 12}, 1, kExportSeed), bias = torch::tensor({0.1F, -0.2F, 0.3F});
  std::vector<std::string> texts{"the lion sleeps", "", "unheard the river",
                                 "a lion a lion by the river and one lion more", "river"};
  FrozenRcnn() : tokenizer(made()) {
    words = random_parameter("words", {static_cast<std::int64_t>(tokenizer.size()), 10}, 0.8F, kExportSeed);
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : body.named()) {
      parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.3F, kExportSeed));
    }
  }
  static Tokenizer made() {
    quiver::Run run({.threads = 1});
    const std::vector<std::string_view> texts{"the lion sleeps by a river and one more lion"};
    return *quiver::train_words(texts, {.min_frequency = 1}, run);
  }
  RcnnExport as() const { return {.longest = 8, .classes = RcnnClasses{weight, bias, {"x", "y", "z"}}}; }
  Card card() const { return {.recipe = "test", .data_licence = "none"}; }
  Tensor vectors() const {
    TokenBatch batch;
    for (const std::string& text : texts) batch.add(tokenizer.encode(text, {.longest = 8}).ids);
    const PackedTokens tokens(std::move(batch));
    const torch::NoGradGuard no_grad;
    return body.forward(words.index_select(0, tokens.ids()), tokens);
  }
};

TEST(ExportRcnnTest, VectorsAndScoresAreTheModulesWithin1e4) {
  const FrozenRcnn frozen;
  const auto model = freeze(frozen.body, frozen.words, frozen.tokenizer, frozen.as(), frozen.card());
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const TemporaryFolder folder;
  ASSERT_TRUE(model->save(folder.path() / "m.qvm").has_value());
  const auto opened = Model::open(folder.path() / "m.qvm");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ(opened->id(), model->id());
  quiver::Run run({.threads = 2});
  const Items items = Items::of("text", frozen.texts);
  const auto vectors = opened->encode(items, {}, run), scores = opened->encode(items, {.port = "classes"}, run);
  ASSERT_TRUE(vectors.has_value() && scores.has_value());
  EXPECT_EQ(vectors->rows.space().id, model->id());
  EXPECT_NE(scores->rows.space().id, model->id());
  const Tensor wanted = frozen.vectors();
  const Tensor unit = torch::nn::functional::normalize(wanted, torch::nn::functional::NormalizeFuncOptions().dim(1));
  EXPECT_LT((to_tensor(*vectors->rows.dense()) - unit).abs().max().item<double>(), 1e-5);
  const Tensor logits = torch::linear(wanted, frozen.weight, frozen.bias);
  EXPECT_LT((to_tensor(*scores->rows.dense()) - logits).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(opened->ports()[1].labels, (std::vector<std::string>{"x", "y", "z"}));
}

TEST(ExportRcnnTest, WithoutClassesThereIsOnePort) {
  const FrozenRcnn frozen;
  const auto model = freeze(frozen.body, frozen.words, frozen.tokenizer, {.longest = 8}, frozen.card());
  ASSERT_TRUE(model.has_value()) << model.error().message();
  EXPECT_EQ(model->ports().size(), 1U);
}

TEST(ExportRcnnTest, TheErrorNamesWhatDoesNotFit) {
  const FrozenRcnn frozen;
  EXPECT_THAT(
      freeze(frozen.body, frozen.words.narrow(0, 0, 2), frozen.tokenizer, frozen.as(), frozen.card()).error().message(),
      HasSubstr("the model has vectors for 2 words"));
  EXPECT_THAT(freeze(frozen.body, frozen.words, frozen.tokenizer, frozen.as(), {.recipe = "test"}).error().message(),
              HasSubstr("data_licence"));
}

}  // namespace
}  // namespace quiver::learn
