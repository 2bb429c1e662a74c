#include "quiver/learn/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"

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

}  // namespace
}  // namespace quiver::learn
