#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"
#include "quiver/model/transformer.h"
#include "quiver/recipes/registry.h"

namespace quiver::recipes::rcnn_test {
namespace {
using testing::Contains;
using testing::HasSubstr;
constexpr std::uint64_t kSeed = 3;

// What a label means can be told from the order of two words alone, which a bag of words does not know.
Items toy_texts(std::size_t count, bool two_labels = true) {
  ItemsBuilder builder({{.name = "text"}, {.name = "label", .modality = Modality::Category}});
  Random random(kSeed);
  const auto filler = [&] { return " w" + std::to_string(random.below(20)); };
  for (std::size_t i = 0; i < count; ++i) {
    const bool first = !two_labels || random.below(2) == 0;
    std::string text = "x";
    for (std::uint64_t n = random.below(4); n > 0; --n) text += filler();
    text += first ? " good bad" : " bad good";
    for (std::uint64_t n = random.below(4); n > 0; --n) text += filler();
    builder.text(0, text);
    builder.category(1, first ? "falls" : "rises");
    builder.end_row();
  }
  builder.text(0, "  ");
  builder.category(1, "falls");
  builder.end_row();
  builder.text(0, "no label here");
  builder.end_row();
  std::string text = "good bad";
  for (int n = 0; n < 30; ++n) text += filler();
  builder.text(0, text);
  builder.category(1, "falls");
  builder.end_row();
  return std::move(builder).build();
}
Settings small_settings() {
  Settings settings;
  for (const auto& [name, value] : {std::pair{"word", "8"},
                                    {"context", "8"},
                                    {"hidden", "12"},
                                    {"longest", "20"},
                                    {"rates", "0.002,0.01"},
                                    {"word_rates", "0.02"},
                                    {"epochs", "8"},
                                    {"batch", "16"},
                                    {"word_epochs", "1"},
                                    {"dropout", "0"}}) {
    settings.set(name, value);
  }
  return settings;
}
Result<Fitted> fit_items(Items items, const Settings& settings = small_settings()) {
  const TemporaryFolder folder;
  quiver::Run run({.seed = kSeed, .threads = 1, .cache = folder.path()});
  QUIVER_TRY(const Recipe* recipe, find_recipe("word-doc-embeddings-rcnn"));
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(std::move(items), "toy"));
  return recipe->fit(inputs, settings, run);
}

TEST(RcnnRecipe, FitsAClassifierThatKnowsTheOrderOfWords) {
  const auto fitted = fit_items(toy_texts(400));
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  const Model& model = *fitted->model;
  EXPECT_EQ(model.card().recipe, "word-doc-embeddings-rcnn");
  EXPECT_GT(model.card().measured.at("validation.accuracy"), 0.9) << "seed " << kSeed;
  EXPECT_THAT(fitted->report.warnings, Contains(HasSubstr("1 of 403 texts have no label")));
  EXPECT_THAT(fitted->report.warnings, Contains(HasSubstr("1 of 403 texts are empty")));
  EXPECT_THAT(fitted->report.warnings, Contains(HasSubstr("1 of 403 texts are longer than 20 words")));

  quiver::Run run({.threads = 1});
  const std::vector<std::string> texts{"x w3 good bad w1", "x bad good w2"};
  const auto scores = model.encode(Items::of("text", texts), {.port = "classes"}, run);
  ASSERT_TRUE(scores.has_value()) << scores.error().message();
  const MatrixView rows = *scores->rows.dense();
  const auto& labels = model.ports()[1].labels;
  ASSERT_EQ(labels.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string likeliest = rows.row(i)[0] > rows.row(i)[1] ? labels[0] : labels[1];
    EXPECT_EQ(likeliest, i == 0 ? "falls" : "rises");
  }
  const auto vectors = model.encode(Items::of("text", texts), {}, run);
  ASSERT_TRUE(vectors.has_value()) << vectors.error().message();
  EXPECT_EQ(vectors->rows.space().dims, 12U);
}

TEST(RcnnRecipe, IsRepeatable) {
  Settings settings = small_settings();
  settings.set("epochs", "1");
  const auto one = fit_items(toy_texts(80), settings), two = fit_items(toy_texts(80), settings);
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_EQ(one->model->id(), two->model->id());
}

TEST(RcnnRecipe, BadDataIsNamed) {
  EXPECT_THAT(fit_items(toy_texts(50, false)).error().message(),
              HasSubstr("51 texts have one label, 'falls'; it takes two classes to tell apart"));
  ItemsBuilder unlabelled({{.name = "body"}, {.name = "label", .modality = Modality::Category}});
  unlabelled.text(0, "a");
  unlabelled.category(1, "b");
  unlabelled.end_row();
  EXPECT_THAT(fit_items(std::move(unlabelled).build()).error().message(), HasSubstr("body"));
  const std::vector<std::string> texts{"a", "b"};
  EXPECT_THAT(fit_items(Items::of("text", texts)).error().message(), HasSubstr("label"));
  ItemsBuilder few({{.name = "text"}, {.name = "label", .modality = Modality::Category}});
  for (const char* label : {"a", "b"}) {
    few.text(0, "the same text");
    few.category(1, label);
    few.end_row();
  }
  EXPECT_THAT(fit_items(std::move(few).build()).error().message(), HasSubstr("give more texts"));
  Settings settings = small_settings();
  settings.set("rates", "");
  EXPECT_FALSE(fit_items(toy_texts(50), settings).has_value());
}

}  // namespace
}  // namespace quiver::recipes::rcnn_test
