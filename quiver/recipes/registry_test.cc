#include "quiver/recipes/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "quiver/recipes/listing.h"

namespace quiver {
namespace {
using testing::HasSubstr;

TEST(Registry, HoldsEveryRecipeOnceBySlug) {
  ASSERT_FALSE(all_recipes().empty());
  std::set<std::string_view> slugs;
  for (const Recipe* recipe : all_recipes()) {
    const RecipeCard& card = recipe->card();
    EXPECT_TRUE(slugs.insert(card.slug).second) << card.slug;
    EXPECT_FALSE(card.claim.empty()) << card.slug;
    ASSERT_TRUE(find_recipe(card.slug)) << card.slug;
    EXPECT_EQ(*find_recipe(card.slug), recipe);
  }
  EXPECT_TRUE(std::is_sorted(all_recipes().begin(), all_recipes().end(),
                             [](const Recipe* a, const Recipe* b) { return a->card().slug < b->card().slug; }));
  EXPECT_EQ(internal::recipe_table().size(), all_recipes().size());
  EXPECT_TRUE(slugs.contains("pca-projection"));
}

TEST(Registry, GuessesWhatWasMeant) {
  const auto wrong = find_recipe("pca-projektion");
  EXPECT_EQ(wrong.error().code(), Code::NotFound);
  EXPECT_THAT(wrong.error().message(), HasSubstr("did you mean 'pca-projection'?"));
  for (const std::string_view slug : absent_recipes()) {
    EXPECT_EQ(find_recipe(slug).error().code(), Code::Unsupported);
    EXPECT_THAT(find_recipe(slug).error().message(), HasSubstr("QUIVER_LEARN=ON"));
  }
}

TEST(Registry, EveryRecipeCompletesItsOptionsFromItsDefaults) {
  for (const Recipe* recipe : all_recipes()) {
    const auto complete = recipe->complete({});
    ASSERT_TRUE(complete) << recipe->card().slug;
    EXPECT_EQ(complete->size(), recipe->options().size()) << recipe->card().slug;
    Settings unknown;
    unknown.set("no-such-option", "1");
    EXPECT_THAT(recipe->complete(unknown).error().message(), HasSubstr("no-such-option"));
  }
}

TEST(Registry, FindsThePartsOfAPaper) {
  const auto one = find_recipes("pca-projection");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), 1u);
  EXPECT_EQ(find_recipes("pca").error().code(), Code::NotFound);  // one recipe begins so: a slip, not a paper
  EXPECT_EQ(find_recipes("").error().code(), Code::NotFound);
}

TEST(Listing, ShowsEveryRecipeAsTextAndJson) {
  const std::string text = recipes_text();
  const Json all = recipes_json();
  ASSERT_EQ(all.size(), all_recipes().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const RecipeCard& card = all_recipes()[i]->card();
    EXPECT_THAT(text, HasSubstr(std::string(card.slug)));
    EXPECT_EQ(all[i]["slug"], card.slug);
    EXPECT_EQ(all[i]["options"].size(), all_recipes()[i]->options().size());
  }
}

TEST(Listing, ShowsARecipesOptionsWithTheirRanges) {
  const std::string text = recipe_text(**find_recipe("pca-projection"));
  EXPECT_THAT(text, HasSubstr("pca-projection (base): the linear map"));
  EXPECT_THAT(text, HasSubstr("reads  vectors"));
  EXPECT_THAT(text, HasSubstr("gives  map"));
  EXPECT_THAT(text, HasSubstr("--dims"));
  EXPECT_THAT(text, HasSubstr("1 .. 4096 (default 64)"));
}

}  // namespace
}  // namespace quiver
