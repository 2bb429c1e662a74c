#include "quiver/recipes/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kPage = R"(---
data: mnist, wordnet:/usr/share/wordnet
seeds: 5
minutes: 2.5
bars:
  - gain: m[a] >= m[b] | every seed
  - m[a] | report
---
# A page
- not a bar
)";
std::string changed(std::string_view from, std::string_view to) {
  std::string text(kPage);
  text.replace(text.find(from), from.size(), to);
  return text;
}
std::string message(std::string_view text) {
  const auto page = parse_page("x", text);
  return page.has_value() ? "parsed" : page.error().message();
}

TEST(RecipePage, ReadsItsFrontMatterAndNoFurther) {
  const auto page = parse_page("x", kPage);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->slug, "x");
  EXPECT_THAT(page->data, ElementsAre("mnist", "wordnet:/usr/share/wordnet"));
  EXPECT_EQ(page->seeds, 5u);
  EXPECT_EQ(page->minutes, 2.5);
  ASSERT_EQ(page->bars.size(), 2u);
  EXPECT_EQ(page->bars[0].id, "gain");
  EXPECT_EQ(page->bars[1].id, "bar-2");
}

TEST(RecipePage, NeedsNoData) {
  const auto page = parse_page("x", changed("mnist, wordnet:/usr/share/wordnet", "none"));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->data.empty());
}

TEST(RecipePage, IgnoresNothingSilently) {
  EXPECT_EQ(message(kPage), "parsed");
  EXPECT_THAT(message(""), HasSubstr("page of recipe 'x'"));
  EXPECT_THAT(message("# No front matter"), HasSubstr("line 1: a recipe page begins with its front matter"));
  EXPECT_THAT(message("---\ndata: none\n"), HasSubstr("has no end"));
  EXPECT_THAT(message(changed("minutes: 2.5\n", "")), HasSubstr("ends without 'minutes'"));
  EXPECT_THAT(message(changed("seeds: 5", "seeds: five")),
              HasSubstr("line 3: 'seeds' of the front matter must be a number above 0, it is 'five'"));
  EXPECT_THAT(message(changed("seeds: 5", "seeds: 0")), HasSubstr("above 0"));
  EXPECT_THAT(message(changed("minutes: 2.5", "minutes: 2.5h")), HasSubstr("2.5h"));
  EXPECT_THAT(message(changed("seeds: 5", "seed: 5")), HasSubstr("a key 'seed'; there are data, seeds"));
  EXPECT_THAT(message(changed("seeds: 5", "seeds: 5\nseeds: 5")), HasSubstr("'seeds' is there twice"));
  EXPECT_THAT(message(changed("seeds: 5", "seeds 5")), HasSubstr("'seeds 5' is no 'key: value'"));
  EXPECT_THAT(message(changed("m[a] >= m[b]", "m[a] >=")), HasSubstr("line 6: bar"));
  EXPECT_THAT(message(changed("- m[a] | report", "- gain: m[a] | report")), HasSubstr("two bars are named 'gain'"));
  EXPECT_THAT(message(changed("seeds: 5", "- m[a] | report\nseeds: 5")), HasSubstr("belongs under 'bars:'"));
  EXPECT_THAT(message(changed("bars:", "bars: m[a] >= 1")), HasSubstr("one a line"));
}

TEST(RecipePage, IsAFileNamedAfterTheRecipe) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "some-recipe.md", kPage));
  EXPECT_TRUE(open_page(folder.path(), "some-recipe"));
  EXPECT_THAT(open_page(folder.path(), "other").error().message(), HasSubstr("page of recipe 'other'"));
}

TEST(RecipePage, HoldsItsCardsBarsOrIsNotRead) {
  const auto with_card = [](std::string_view card) {
    return changed("  - m[a] | report\n", "  - m[a] | report\ncard:\n  - " + std::string(card) + "\n");
  };
  const auto page = parse_page("x", with_card("gain: m[a] >= m[b] | mean"));
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->card.size(), 1u);
  EXPECT_EQ(page->card[0].id, "gain");
  EXPECT_THAT(message(with_card("gain: m[a] >= m[b] + 0.1 | mean")), HasSubstr("never lowered"));
  EXPECT_THAT(message(with_card("other: m[a] >= m[b]")), HasSubstr("the card has a bar 'other' and the page has not"));
}

}  // namespace
}  // namespace quiver
