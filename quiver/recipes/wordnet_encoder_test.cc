#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/split.h"
#include "quiver/learn/evaluator.h"
#include "quiver/recipes/registry.h"
#include "quiver/recipes/wordnet_task.h"

namespace quiver::recipes::wordnet_encoder_test {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kToySeed = 5;

// A dictionary whose entries can be told: lemma "w17" means "kind 2 thing 5 ..." and is used in "see w17 near ...".
Items toy_dictionary(std::uint32_t entries) {
  ItemsBuilder builder({{.name = "synset", .modality = Modality::Category},
                        {.name = "lemmas", .many = true},
                        {.name = "definition"},
                        {.name = "examples", .many = true},
                        {.name = "text"}});
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::string lemma = "w" + std::to_string(i % (entries / 2));  // two senses a word
    const std::string definition =
        "kind" + std::to_string(i % 7) + " thing" + std::to_string(i % 11) + " side" + std::to_string(i);
    builder.category(0, "s" + std::to_string(i));
    builder.text(1, lemma);
    builder.text(2, definition);
    builder.text(3, "see " + lemma + " near thing" + std::to_string(i % 11));
    builder.text(4, lemma + ": " + definition);
    builder.end_row();
  }
  return std::move(builder).build();
}

Settings small_settings() {
  Settings settings;
  settings.set("dims", "32");
  settings.set("prefixes", "8");
  settings.set("steps", "30");
  settings.set("batch", "64");
  settings.set("buckets", "512");
  return settings;
}

Result<Fitted> fit_toy(const Settings& settings, const std::filesystem::path& cache) {
  quiver::Run run({.seed = kToySeed, .threads = 1, .cache = cache});
  QUIVER_TRY(const Recipe* recipe, find_recipe("wordnet-encoder"));
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(toy_dictionary(600), "toy", "synset"));
  return recipe->fit(inputs, settings, run);
}

TEST(WordnetEncoder, FindsEntriesItNeverSaw) {
  const TemporaryFolder folder;
  auto fitted = fit_toy(small_settings(), folder.path());
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  const Model& model = *fitted->model;
  EXPECT_EQ(model.card().recipe, "wordnet-encoder");
  EXPECT_EQ(model.card().seed, kToySeed);
  EXPECT_THAT(model.card().data_licence, HasSubstr("WordNet"));
  EXPECT_GT(model.card().measured.at("validation.recall@10[32]"), 0.8);
  EXPECT_TRUE(model.card().measured.contains("validation.mrr@10[8]"));
  EXPECT_TRUE(fitted->report.warnings.empty());
  const Items curve = fitted->report.tables.at("curve");
  EXPECT_LT((*curve.numbers("loss"))[curve.size() - 1], (*curve.numbers("loss"))[0]);

  const Items toy = toy_dictionary(600);
  const WordnetTask task = *WordnetTask::of(toy);
  quiver::Run run({.seed = kToySeed, .threads = 1});
  const WordnetVectors vectors = *encode_wordnet(task, model, run);
  const auto scores =
      learn::evaluate_retrieval(vectors.test, vectors.entries, task.test.answers, std::vector<std::size_t>{8, 32}, run);
  ASSERT_TRUE(scores.has_value()) << scores.error().message();
  EXPECT_GT((*scores)[1].recall_10.mean, 0.9) << "seed " << kToySeed;  // the word alone gives two senses
  EXPECT_GT((*scores)[1].mrr_10.mean, 0.5);
  EXPECT_GT((*scores)[0].recall_100.mean, 0.4);  // the prefix is a vector too
}

TEST(WordnetEncoder, IsTheSameModelForTheSameSeed) {
  const TemporaryFolder folder;
  const auto one = fit_toy(small_settings(), folder.path()), two = fit_toy(small_settings(), folder.path());
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_EQ(one->model->id(), two->model->id());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "checkpoints"));  // a finished training leaves none
}

TEST(WordnetEncoder, SaysWhatDoesNotFit) {
  const TemporaryFolder folder;
  const auto message = [&](std::string name, std::string value) {
    Settings settings = small_settings();
    settings.set(std::move(name), std::move(value));
    return fit_toy(settings, folder.path()).error().message();
  };
  EXPECT_THAT(message("prefixes", "8,32"), HasSubstr("option 'prefixes': 32 does not fit"));
  EXPECT_THAT(message("description_share", "0.6"), HasSubstr("leave too little for examples"));
  EXPECT_THAT(message("batch", "4096"), HasSubstr("take a smaller batch"));
  EXPECT_THAT(message("temperatur", "1"), HasSubstr("temperature"));
}

TEST(WordnetEncoder, FitsAnExcerptWithoutAMeasure) {
  const TemporaryFolder folder;
  quiver::Run run({.seed = kToySeed, .threads = 1, .cache = folder.path()});
  const Items all = toy_dictionary(600);
  const auto train = *split_rows(all, Part::Train, "synset");
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(all.take(train), "toy", "synset"));
  const auto fitted = (*find_recipe("wordnet-encoder"))->fit(inputs, small_settings(), run);
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  EXPECT_TRUE(fitted->model->card().measured.empty());
  ASSERT_EQ(fitted->report.warnings.size(), 1U);
  EXPECT_THAT(fitted->report.warnings[0], HasSubstr("none of the 0 synsets on the validation side"));
}

TEST(WordnetEncoder, NeedsItsColumns) {
  quiver::Run run({.threads = 1});
  Inputs inputs;
  const std::vector<std::string> texts{"a", "b"};
  inputs.data.emplace("train", Dataset::of(Items::of("text", texts)));
  const Recipe* recipe = *find_recipe("wordnet-encoder");
  EXPECT_THAT(recipe->fit(inputs, {}, run).error().message(), HasSubstr("lemmas"));
}

}  // namespace
}  // namespace quiver::recipes::wordnet_encoder_test
