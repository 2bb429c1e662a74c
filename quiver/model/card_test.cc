#include "quiver/model/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {
using testing::HasSubstr;
using testing::MatchesRegex;

Card whole() {
  return {.recipe = "mrl",
          .quiver = "0.1.0",
          .data = "reviews.jsonl",
          .data_digest = "00ff",
          .data_licence = "CC0",
          .seed = 18'446'744'073'709'551'615u,
          .parents = {"qv:1", "qv:2"},
          .options = R"({"dims":64})",
          .measured = {{"mrr@10", 0.25}},
          .created = "2024-05-01T12:00:00Z"};
}

TEST(Card, SurvivesJson) {
  const auto read = Card::parse(whole().to_json());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, whole());
}

TEST(Card, MustSayWhereTheModelComesFrom) {
  EXPECT_TRUE(whole().check());
  Card card = whole();
  card.recipe.clear();
  EXPECT_THAT(card.check().error().message(), HasSubstr("lacks 'recipe'"));
  card = whole();
  card.data_licence.clear();
  EXPECT_THAT(card.check().error().message(), HasSubstr("lacks 'data_licence'"));
  card = whole();
  card.quiver.clear();
  EXPECT_THAT(card.check().error().message(), HasSubstr("lacks 'quiver'"));
  card = whole();
  card.created.clear();
  EXPECT_THAT(card.check().error().message(), HasSubstr("lacks 'created'"));
  card = whole();
  card.options = "[1]";
  EXPECT_THAT(card.check().error().message(), HasSubstr("not a JSON object"));
  card.options = "{";
  EXPECT_THAT(card.check().error().message(), HasSubstr("card's options"));
}

TEST(Card, ReadingNamesTheKeyThatIsMissing) {
  EXPECT_THAT(Card::parse(R"({"recipe": "mrl"})").error().message(), HasSubstr("quiver"));
  EXPECT_FALSE(Card::parse("not json"));
  EXPECT_FALSE(Card::parse("[]"));
}

TEST(Card, TimesAreUtc) {
  EXPECT_THAT(utc_now(), MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
}
TEST(Card, KnowsTheVersion) { EXPECT_THAT(std::string(quiver_version()), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+")); }

}  // namespace
}  // namespace quiver
