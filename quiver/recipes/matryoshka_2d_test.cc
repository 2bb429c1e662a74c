#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"
#include "quiver/inspect/sts.h"
#include "quiver/learn/export.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/recipes/registry.h"
#include "quiver/recipes/sts.h"

namespace quiver::recipes::matryoshka_2d_test {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kToySeed = 8;

// Pairs of sentences about two of twelve things; the score is how many things they share.
SentencePairs toy_pairs(std::size_t count, std::uint64_t stream) {
  constexpr const char* kThings[] = {"dog",   "cat",   "car",   "tree",  "boat",  "bird",
                                     "house", "piano", "river", "horse", "train", "lamp"};
  Random random(kToySeed, stream);
  SentencePairs pairs;
  const auto sentence = [](const char* a, const char* b) { return fmt::format("a {} stands near the {}", a, b); };
  for (std::size_t i = 0; i < count; ++i) {
    const auto things = random.permutation(12);
    const std::uint64_t shared = random.below(3);
    const char* left[] = {kThings[things[0]], kThings[things[1]]};
    const char* right[] = {kThings[things[shared > 0 ? 0 : 2]], kThings[things[shared > 1 ? 1 : 3]]};
    pairs.left.push_back(sentence(left[0], left[1]));
    pairs.right.push_back(random.below(2) == 0 ? sentence(right[0], right[1]) : sentence(right[1], right[0]));
    pairs.scores.push_back(static_cast<double>(shared));
  }
  return pairs;
}
Dataset data_of_pairs(const SentencePairs& pairs, bool scored = true) {
  std::vector<Field> fields{{.name = "left"}, {.name = "right"}};
  if (scored) fields.push_back({.name = "score", .modality = Modality::Number});
  ItemsBuilder builder(fields);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    builder.text(0, pairs.left[i]);
    builder.text(1, pairs.right[i]);
    if (scored) builder.number(2, pairs.scores[i]);
    builder.end_row();
  }
  return Dataset::of(std::move(builder).build(), "toy");
}

Settings small_settings(const std::string& variant = "v1") {
  Settings settings;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{{"layers", "3"},
                                                                                              {"dims", "8,16"},
                                                                                              {"heads", "2"},
                                                                                              {"hidden", "32"},
                                                                                              {"vocabulary", "120"},
                                                                                              {"context", "12"},
                                                                                              {"pair_steps", "10"},
                                                                                              {"pair_batch", "16"},
                                                                                              {"score_steps", "60"},
                                                                                              {"score_batch", "16"},
                                                                                              {"score_rate", "0.003"},
                                                                                              {"same", "2"},
                                                                                              {"dropout", "0"}}) {
    settings.set(name, value);
  }
  settings.set("variant", variant);
  return settings;
}

Result<Fitted> fit_toy(const Settings& settings, const std::filesystem::path& cache, const SentencePairs& pairs) {
  quiver::Run run({.seed = kToySeed, .threads = 1, .cache = cache});
  QUIVER_TRY(const Recipe* recipe, find_recipe("matryoshka-2d"));
  Inputs inputs;
  inputs.data.emplace("train", data_of_pairs(pairs));
  inputs.data.emplace("pairs", data_of_pairs(toy_pairs(100, 3), false));
  inputs.data.emplace("validation", data_of_pairs(toy_pairs(100, 2)));
  return recipe->fit(inputs, settings, run);
}

TEST(Matryoshka2DRecipe, GivesAModelWithAnExitBehindEveryLayer) {
  const TemporaryFolder folder;
  const auto fitted = fit_toy(small_settings(), folder.path(), toy_pairs(400, 1));
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  const Model& model = *fitted->model;
  EXPECT_EQ(model.ports()[0].layers, 3U);
  EXPECT_THAT(model.ports()[0].dims, ElementsAre(8U));
  EXPECT_THAT(fitted->report.warnings, IsEmpty());
  EXPECT_EQ(model.card().measured.size(), 6U);  // 3 layers, 2 lengths
  EXPECT_GT(model.card().measured.at("validation.spearman[3x16]"), 0.6) << "seed " << kToySeed;
  EXPECT_GT(model.card().measured.at("validation.spearman[1x8]"), 0.4) << "seed " << kToySeed;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "checkpoints"));  // a finished training leaves none
  const Items curve = fitted->report.tables.at("curve");
  EXPECT_GT(curve.size(), 10U);
}

// What is trained on is what is shipped: a state that skips a layer or the last norm would show here.
TEST(Matryoshka2DRecipe, ExitsOfTheModelAreThoseOfTheTrainedModule) {
  const TemporaryFolder folder;
  const auto fitted = fit_toy(small_settings("ese"), folder.path(), toy_pairs(60, 1));
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  const auto thawed = learn::thaw(*fitted->model);
  ASSERT_TRUE(thawed.has_value()) << thawed.error().message();
  const std::vector<std::string> texts{"a dog stands near the car", "lamp", "the river near the piano"};
  TokenBatch batch;
  for (const std::string& text : texts) batch.add(thawed->tokenizer.encode(text).ids);
  const learn::PackedTokens tokens(batch);
  const torch::NoGradGuard no_grad;
  const auto states = thawed->encoder.forward(tokens);
  quiver::Run run({.threads = 1});
  for (std::uint32_t n = 1; n <= 3; ++n) {
    const learn::Tensor vectors = learn::pool(Pool::Mean, thawed->encoder.exit(states[n]), tokens);
    const learn::Tensor unit = vectors / vectors.norm(2, {1}, true);
    const auto encoded = fitted->model->encode(Items::of("text", texts), {.layers = n}, run);
    ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
    EXPECT_LT((learn::to_tensor(*encoded->rows.dense()) - unit).abs().max().item<double>(), 1e-4) << "layer " << n;
  }
}

TEST(Matryoshka2DRecipe, VariantsWithoutLayersHaveNoExits) {
  const TemporaryFolder folder;
  for (const char* variant : {"mrl", "plain", "adaptive-layer"}) {
    Settings settings = small_settings(variant);
    settings.set("score_steps", "5");
    const auto fitted = fit_toy(settings, folder.path(), toy_pairs(60, 1));
    ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
    const Port& port = fitted->model->ports()[0];
    EXPECT_EQ(port.layers, std::string(variant) == "adaptive-layer" ? 3U : 0U) << variant;
    EXPECT_EQ(port.dims.empty(), std::string(variant) == "plain") << variant;
  }
}

TEST(Matryoshka2DRecipe, IsTheSameModelForTheSameSeed) {
  const TemporaryFolder folder;
  Settings settings = small_settings();
  settings.set("score_steps", "6");
  const auto one = fit_toy(settings, folder.path(), toy_pairs(60, 1));
  const auto two = fit_toy(settings, folder.path(), toy_pairs(60, 1));
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_EQ(one->model->id(), two->model->id());
}

TEST(Matryoshka2DRecipe, BatchesOfOneScoreAreCounted) {
  const TemporaryFolder folder;
  SentencePairs pairs = toy_pairs(60, 1);
  std::ranges::fill(pairs.scores, 1.0);
  pairs.scores[0] = 2;  // most batches do not hold it
  Settings settings = small_settings("plain");
  settings.set("score_steps", "8");
  settings.set("score_batch", "4");
  const auto fitted = fit_toy(settings, folder.path(), pairs);
  ASSERT_TRUE(fitted.has_value()) << fitted.error().message();
  EXPECT_THAT(fitted->report.warnings, ElementsAre(HasSubstr("batches held pairs of one score only")));
}

TEST(Matryoshka2DRecipe, SaysWhatDoesNotFit) {
  const TemporaryFolder folder;
  const SentencePairs pairs = toy_pairs(40, 1);
  const auto message = [&](const std::string& name, const std::string& value) {
    Settings settings = small_settings();
    settings.set(name, value);
    const auto fitted = fit_toy(settings, folder.path(), pairs);
    return fitted.has_value() ? std::string("fitted") : fitted.error().message();
  };
  EXPECT_THAT(message("dims", "16,8"), HasSubstr("option 'dims': 8 does not fit"));
  EXPECT_THAT(message("dims", "8,20"), HasSubstr("20 does not fit; lengths are multiples of 8"));
  EXPECT_THAT(message("dims", "16"), HasSubstr("variant v1 needs lengths below 16"));
  EXPECT_THAT(message("dims", ""), HasSubstr("'dims'"));
  EXPECT_THAT(message("layers", "1"), HasSubstr("needs a layer below the last"));
  EXPECT_THAT(message("layers", "0"), HasSubstr("layers"));
  EXPECT_THAT(message("heads", "3"), HasSubstr("option 'heads': 3 heads"));
  EXPECT_THAT(message("score_batch", "4096"), HasSubstr("take a smaller batch"));
  EXPECT_THAT(message("variant", "v3"), HasSubstr("variant"));
  SentencePairs same = pairs;
  std::ranges::fill(same.scores, 3.0);
  EXPECT_THAT(fit_toy(small_settings(), folder.path(), same).error().message(),
              HasSubstr("every pair has the same score"));
  quiver::Run run({.threads = 1, .cache = folder.path()});
  Inputs inputs;
  inputs.data.emplace("train", data_of_pairs(pairs, false));
  EXPECT_THAT((*find_recipe("matryoshka-2d"))->fit(inputs, small_settings(), run).error().message(),
              HasSubstr("scored pairs need two columns of texts and one of numbers"));
}

}  // namespace
}  // namespace quiver::recipes::matryoshka_2d_test
