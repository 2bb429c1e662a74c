#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"
#include "quiver/learn/tensor.h"  // marks this test as one that needs training
#include "quiver/recipes/mrl_text.h"
#include "quiver/recipes/registry.h"

namespace quiver::recipes {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kMrlSeed = 29;

// Squares, crosses and stripes at random brightness: three classes, told in one epoch.
Items shapes(std::size_t count, std::size_t classes = 3) {
  constexpr std::size_t kSide = 8;
  TypedMatrix bytes(Element::U8, count, kSide * kSide);
  ItemsBuilder labels({{.name = "label", .modality = Modality::Category}});
  for (std::size_t i = 0; i < count; ++i) {
    Random random(kMrlSeed, i);
    const std::size_t kind = i % classes;
    for (std::size_t y = 0; y < kSide; ++y) {
      for (std::size_t x = 0; x < kSide; ++x) {
        const bool ink = kind == 0   ? y > 1 && y < 6 && x > 1 && x < 6
                         : kind == 1 ? y == x || y + x == kSide - 1
                                     : y % 2 == 0;
        bytes.row(i)[y * kSide + x] = static_cast<std::byte>((ink ? 150 : 20) + random.below(60));
      }
    }
    labels.category(0, std::array{"square", "cross", "stripes"}[kind]);
    labels.end_row();
  }
  return *Items::of("vectors", Rows::dense(std::move(bytes), {.metric = Metric::L2})).beside(std::move(labels).build());
}

Settings settings_of(std::initializer_list<std::pair<const char*, const char*>> more = {}) {
  Settings settings;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"dims", "2,4,12"}, {"widths", "8,8"}, {"size", "8"}, {"batch", "16"}, {"epochs", "6"}, {"mirror", "false"}})
    settings.set(name, value);
  for (const auto& [name, value] : more) settings.set(name, value);
  return settings;
}

Result<Fitted> fitted(const Items& items, const Settings& settings, const std::filesystem::path& cache) {
  QUIVER_TRY(const Recipe* recipe, find_recipe("mrl"));
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(items, "shapes"));
  quiver::Run run({.seed = kMrlSeed, .threads = 1, .cache = cache});
  return recipe->fit(inputs, settings, run);
}

TEST(Mrl, EveryPrefixOfAFittedModelTellsTheClasses) {
  for (const char* heads : {"per_length", "shared"}) {
    const TemporaryFolder folder;
    const auto done = fitted(shapes(240), settings_of({{"heads", heads}}), folder.path());
    ASSERT_TRUE(done) << done.error().message();
    const Model& model = *done->model;
    EXPECT_EQ(model.ports()[0].dims, (std::vector<std::size_t>{2, 4}));
    for (const char* length : {"2", "4", "12"})
      EXPECT_GT(model.card().measured.at(std::string("validation.accuracy[") + length + "]"), 90) << heads;
    quiver::Run run;
    const Items others = shapes(60);
    const auto encoded = model.encode(others, {.dims = 2}, run);
    ASSERT_TRUE(encoded) << encoded.error().message();
    const MatrixView rows = *encoded->rows.dense();
    ASSERT_EQ(rows.cols, 2U);
    EXPECT_NEAR(std::hypot(rows.row(7)[0], rows.row(7)[1]), 1, 1e-5);
  }
}

TEST(Mrl, SaysWhatDoesNotFit) {
  const TemporaryFolder folder;
  const auto message = [&](const Items& items, const Settings& settings) {
    const auto done = fitted(items, settings, folder.path());
    return done.has_value() ? std::string("fits") : done.error().message();
  };
  const Items three = shapes(48);
  EXPECT_THAT(message(three, settings_of({{"dims", "4,4"}})), HasSubstr("must rise from at least 1, they are 4, 4"));
  EXPECT_THAT(message(three, settings_of({{"dims", "16,8"}})), HasSubstr("they are 16, 8"));
  EXPECT_THAT(message(three, settings_of({{"dims", "0,8"}})), HasSubstr("option 'dims'"));
  EXPECT_THAT(message(three, settings_of({{"weights", "1,2"}})), HasSubstr("2 of them for 3 lengths"));
  EXPECT_THAT(message(three, settings_of({{"batch", "64"}})), HasSubstr("fewer than a batch of 64"));
  EXPECT_THAT(message(three, settings_of({{"label", "kind"}})), HasSubstr("'kind'"));
  EXPECT_THAT(message(shapes(48, 1), settings_of()), HasSubstr("the labels are all the same ('square')"));
  const std::vector<std::string_view> only{"label"};
  EXPECT_THAT(message(*three.select(only), settings_of()), HasSubstr("needs one column of pictures"));
}

TEST(Mrl, CaptionsOfOnePictureComeTogether) {
  // Pictures of ten things, described by five phrases each that share a word; pairs to rank share it or not.
  CaptionTask task;
  for (int thing = 0; thing < 40; ++thing) {
    std::vector<std::string> of;
    for (const char* phrase : {"a photo of", "here is", "look at", "this shows", "someone found"})
      of.push_back(std::string(phrase) + " thing" + std::to_string(thing % 10) + " number" + std::to_string(thing));
    task.captions.push_back(std::move(of));
  }
  for (int i = 0; i < 20; ++i) {
    task.validation.left.push_back("a photo of thing" + std::to_string(i % 10));
    task.validation.right.push_back("look at thing" + std::to_string(i % 2 == 0 ? i % 10 : (i + 3) % 10));
    task.validation.scores.push_back(i % 2 == 0 ? 5 : 0);
  }
  task.test = task.validation;
  quiver::Run run({.seed = kMrlSeed, .threads = 1});
  const auto scores = fit_and_score(
      task, {.lengths = {4, 16}, .compared = {4, 16}, .rates = {0.02F}, .steps = 60, .batch = 16, .buckets = 16}, run);
  ASSERT_TRUE(scores) << scores.error().message();
  ASSERT_EQ(scores->spearman.size(), 2U);
  EXPECT_GT(scores->spearman[1], 60) << "seed " << kMrlSeed;
  EXPECT_FLOAT_EQ(static_cast<float>(scores->rate), 0.02F);
}

}  // namespace
}  // namespace quiver::recipes
