#include "quiver/data/items_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace quiver {
namespace {
using ::testing::ElementsAre;

TEST(ItemsBuilder, BuildsNothingFromNothing) {
  EXPECT_EQ(ItemsBuilder().build().size(), 0u);
  const Items items = ItemsBuilder({{.name = "text"}}).build();
  EXPECT_EQ(items.size(), 0u);
  EXPECT_EQ(items.text("text")->size(), 0u);
}

TEST(ItemsBuilder, ACellThatIsNotSetIsMissing) {
  ItemsBuilder builder(
      {{.name = "t"}, {.name = "n", .modality = Modality::Number}, {.name = "c", .modality = Modality::Category}});
  builder.text(0, "");
  builder.number(1, 0);
  builder.category(2, "x");
  builder.end_row();
  EXPECT_EQ(builder.rows(), 1u);
  builder.end_row();
  builder.category(2, "x");
  builder.end_row();
  const Items items = std::move(builder).build();
  for (const Field& field : items.fields()) EXPECT_TRUE(field.optional) << field.name;
  EXPECT_FALSE(items.text("t")->missing(0));
  EXPECT_TRUE(items.text("t")->missing(1));
  EXPECT_EQ((*items.numbers("n"))[0], 0);
  EXPECT_TRUE(std::isnan((*items.numbers("n"))[2]));
  EXPECT_THAT(items.categories("c")->codes, ElementsAre(0, kMissingCategory, 0));
}

TEST(ItemsBuilder, AFieldAddedLateMissesEarlierRows) {
  ItemsBuilder builder;
  builder.end_row();
  const std::size_t text = builder.add_field({.name = "text"});
  const std::size_t tags = builder.add_field({.name = "tags", .many = true});
  builder.text(text, "here");
  builder.text(tags, "x");
  builder.end_row();
  builder.end_row();
  const Items items = std::move(builder).build();
  EXPECT_TRUE(items.text("text")->missing(0));
  EXPECT_FALSE(items.text("text")->missing(1));
  EXPECT_TRUE(items.text("text")->missing(2));
  EXPECT_EQ((*items.texts("tags"))[1].size(), 1u);
  EXPECT_TRUE((*items.texts("text"))[0].empty());
}

TEST(ItemsBuilderDeathTest, ASingleCellIsSetOnce) {
  ItemsBuilder builder({{.name = "t"}});
  builder.text(0, "a");
  builder.text(0, "b");
  EXPECT_DEATH(builder.end_row(), "broken promise");
}

}  // namespace
}  // namespace quiver
