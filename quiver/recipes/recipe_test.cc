#include "quiver/recipes/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {
using testing::HasSubstr;

const std::vector<std::string> kTexts{"a", "b"};

TEST(Inputs, AreFoundByRoleOrNamed) {
  Inputs inputs;
  EXPECT_THAT(data_of(inputs, "train").error().message(),
              HasSubstr("needs data in the role 'train'; given: none; add --data train=PATH"));
  inputs.data.emplace("queries", Dataset::of(Items::of("text", kTexts), "q"));
  EXPECT_THAT(data_of(inputs, "train").error().message(), HasSubstr("given: queries"));
  inputs.data.emplace("train", Dataset::of(Items::of("text", kTexts), "t"));
  ASSERT_TRUE(data_of(inputs, "train"));
  EXPECT_EQ((*data_of(inputs, "train"))->size(), 2u);
  EXPECT_THAT(model_of(inputs, "old").error().message(),
              HasSubstr("needs a model in the role 'old'; given: none; add --model old=PATH"));
}

TEST(CardFor, SaysRecipeDataAndSeed) {
  const RecipeCard recipe{.slug = "some-recipe"};
  const quiver::Run run({.seed = 9});
  const Dataset data = Dataset::of(Items::of("text", kTexts), "two texts");
  const auto card = card_for(recipe, Json{{"dims", 4}}, data, run);
  ASSERT_TRUE(card) << card.error().message();
  EXPECT_EQ(card->recipe, "some-recipe");
  EXPECT_EQ(card->seed, 9u);
  EXPECT_EQ(card->data, "two texts");
  EXPECT_EQ(card->data_digest, *data.digest());
  EXPECT_EQ(card->options, R"({"dims":4})");
  EXPECT_THAT(card->data_licence, HasSubstr("unknown"));
}

TEST(Stage, HasNames) {
  EXPECT_EQ(name_of(Stage::Base), "base");
  EXPECT_EQ(name_of(Stage::Inspect), "inspect");
}

}  // namespace
}  // namespace quiver
