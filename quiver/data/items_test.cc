#include "quiver/data/items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/data/internal/testing.h"
#include "quiver/data/items_builder.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Four rows; the third misses its stars and kind.
Items animals() {
  ItemsBuilder builder({{.name = "text"},
                        {.name = "stars", .modality = Modality::Number},
                        {.name = "kind", .modality = Modality::Category},
                        {.name = "tags", .many = true},
                        {.name = "path", .modality = Modality::Number, .many = true}});
  const auto add = [&](std::string_view text, double stars, std::string_view kind, std::vector<std::string> tags) {
    builder.text(0, text);
    if (stars > 0) builder.number(1, stars);
    if (!kind.empty()) builder.category(2, kind);
    for (const std::string& tag : tags) builder.text(3, tag);
    builder.number(4, stars);
    builder.number(4, 7);
    builder.end_row();
  };
  add("a lion", 5, "cat", {"big", "wild"});
  add("a dog", 4, "dog", {});
  add("", 0, "", {"?"});
  add("a tiger", 5, "cat", {"big"});
  return std::move(builder).build();
}

TEST(Items, HoldColumnsOfEveryModality) {
  const Items items = animals();
  EXPECT_EQ(items.size(), 4u);
  EXPECT_EQ(items.fields().size(), 5u);
  EXPECT_EQ(describe(items.fields()[1]), "stars (number, optional)");
  EXPECT_EQ(describe(items.fields()[3]), "tags (text, many)");
  EXPECT_THAT(items.text("text")->to_vector(), ElementsAre("a lion", "a dog", "", "a tiger"));
  EXPECT_FALSE(items.text("text")->missing(2));  // an empty text is there
  EXPECT_THAT(items.text("kind")->to_vector(), ElementsAre("cat", "dog", "", "cat"));
  EXPECT_TRUE(items.text("kind")->missing(2));
  const auto stars = *items.numbers("stars");
  EXPECT_EQ(stars[1], 4);
  EXPECT_TRUE(std::isnan(stars[2]));
  const TextLists tags = *items.texts("tags");
  EXPECT_THAT(tags[0].to_vector(), ElementsAre("big", "wild"));
  EXPECT_TRUE(tags[1].empty());
  EXPECT_EQ(tags.total(), 4u);
  EXPECT_THAT((*items.number_lists("path"))[3], ElementsAre(5, 7));
  EXPECT_THAT((*items.texts("text"))[1].to_vector(), ElementsAre("a dog"));
}

TEST(Items, CategoriesComeFromCategoryTextAndNumberColumns) {
  const Items items = animals();
  const Categories kinds = *items.categories("kind");
  EXPECT_THAT(kinds.codes, ElementsAre(0, 1, kMissingCategory, 0));
  EXPECT_THAT(kinds.names.view().to_vector(), ElementsAre("cat", "dog"));
  const Categories stars = *items.categories("stars");
  EXPECT_THAT(stars.codes, ElementsAre(0, 1, kMissingCategory, 0));
  EXPECT_THAT(stars.names.view().to_vector(), ElementsAre("5", "4"));
  EXPECT_THAT(items.categories("text")->codes, ElementsAre(0, 1, 2, 3));
}

TEST(Items, SliceTakeAndSelectAgree) {
  const Items items = animals();
  const std::uint32_t rows[] = {1, 2};
  const Items slice = items.slice(1, 2), taken = items.take(rows);
  for (const Items& part : {slice, taken, slice.slice(0, 2), items.slice(0, 3).take(rows)}) {
    EXPECT_EQ(part.size(), 2u);
    EXPECT_THAT(part.text("text")->to_vector(), ElementsAre("a dog", ""));
    EXPECT_TRUE(part.text("kind")->missing(1));
    EXPECT_TRUE((*part.texts("tags"))[0].empty());
    EXPECT_THAT((*part.texts("tags"))[1].to_vector(), ElementsAre("?"));
    EXPECT_THAT((*part.number_lists("path"))[0], ElementsAre(4, 7));
    EXPECT_THAT(part.categories("kind")->codes, ElementsAre(1, kMissingCategory));
    EXPECT_EQ(*part.hashes(), *slice.hashes());
  }
  const std::uint32_t repeated[] = {3, 0, 3};
  EXPECT_THAT(slice.slice(0, 0).size(), 0u);
  EXPECT_THAT(items.take(repeated).text("text")->to_vector(), ElementsAre("a tiger", "a lion", "a tiger"));
  const std::string_view chosen[] = {"stars", "text"};
  const Items two = *items.select(chosen);
  EXPECT_EQ(two.fields().size(), 2u);
  EXPECT_EQ(two.fields()[0].name, "stars");
  EXPECT_THAT(two.text("text")->to_vector(), ElementsAre("a lion", "a dog", "", "a tiger"));
}

TEST(Items, BesideJoinsColumns) {
  const Items items = animals();
  const std::string texts[] = {"1", "2", "3", "4"};
  const Items both = *items.beside(Items::of("id", texts));
  EXPECT_EQ(both.fields().size(), 6u);
  const Items parts = *items.slice(1, 2).beside(Items::of("id", texts).slice(2, 2));
  EXPECT_THAT(parts.text("text")->to_vector(), ElementsAre("a dog", ""));
  EXPECT_THAT(parts.text("id")->to_vector(), ElementsAre("3", "4"));
  EXPECT_EQ(Items().beside(Items())->size(), 0u);
  EXPECT_THAT(error_of(items.beside(Items::of("text", texts))), HasSubstr("both sides have a column 'text'"));
  EXPECT_THAT(error_of(items.beside(items.slice(0, 1))), HasSubstr("one side has 4 rows, the other 1"));
}

TEST(Items, RowsKeepTheirSpaceThroughSlicing) {
  Matrix matrix(5, 3);
  for (std::size_t i = 0; i < 15; ++i) matrix.row(i / 3)[i % 3] = static_cast<float>(i);
  const Items items =
      Items::of("vectors", Rows::dense(std::move(matrix), Space{.id = "qv:1", .metric = Metric::Dot, .prefix_of = {}}));
  const Rows middle = *items.slice(1, 3).rows("vectors");
  EXPECT_EQ(middle.size(), 3u);
  EXPECT_EQ(middle.space().id, "qv:1");
  EXPECT_EQ(middle.dense()->row(2)[1], 10);
  const std::uint32_t rows[] = {4, 0};
  EXPECT_EQ(items.take(rows).only_rows()->dense()->row(0)[0], 12);
}

TEST(Items, NumberListsOfOneLengthAreVectors) {
  const Items items = animals();
  EXPECT_EQ(items.rows("path")->dense()->row(1)[0], 4);
  const Items lists = Items::of("v", {1, 2, 3, 4, 5, 6}, 3);
  EXPECT_EQ(lists.size(), 2u);
  EXPECT_EQ(lists.slice(1, 1).rows("v")->dense()->row(0)[0], 4);
  ItemsBuilder ragged({{.name = "v", .modality = Modality::Number, .many = true}});
  ragged.number(0, 1);
  ragged.end_row();
  ragged.end_row();
  EXPECT_THAT(error_of(std::move(ragged).build().rows("v")), HasSubstr("row 1 has 0 numbers, the first row has 1"));
}

TEST(Items, ErrorsNameTheColumnsThereAre) {
  const Items items = animals();
  const std::string message = error_of(items.text("txt"));
  EXPECT_THAT(message, HasSubstr("there is no column 'txt', did you mean 'text'?"));
  EXPECT_THAT(message, HasSubstr("stars (number, optional)"));
  EXPECT_EQ(items.text("txt").error().code(), Code::NotFound);
  EXPECT_THAT(error_of(items.text("stars")), HasSubstr("as one text a row: it is stars (number"));
  EXPECT_THAT(error_of(items.numbers("text")), HasSubstr("as one number a row"));
  EXPECT_THAT(error_of(items.texts("stars")), HasSubstr("as lists of texts"));
  EXPECT_THAT(error_of(items.number_lists("stars")), HasSubstr("as lists of numbers"));
  EXPECT_THAT(error_of(items.categories("tags")), HasSubstr("as one category a row"));
  EXPECT_THAT(error_of(items.rows("text")), HasSubstr("as vectors"));
  EXPECT_THAT(error_of(items.only_rows()), HasSubstr("no column holds any"));
  EXPECT_THAT(error_of(Items().text("a")), HasSubstr("there are no columns"));
  const std::string_view twice[] = {"text", "text"};
  EXPECT_THAT(error_of(items.select(twice)), HasSubstr("'text' is named twice"));
  const Items vectors = Items::of("a", Rows::dense(Matrix(2, 2), {})),
              more = Items::of("b", Rows::dense(Matrix(2, 2), {}));
  EXPECT_THAT(error_of(vectors.beside(more)->only_rows()), HasSubstr("both 'a' and 'b'"));
}

TEST(Items, HashesTellCellsApart) {
  const std::string texts[] = {"ab", "a", "ab", ""};
  const auto hashes = *Items::of("t", texts).hashes();
  EXPECT_EQ(hashes[0], hashes[2]);
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_NE(hashes[1], hashes[3]);
  ItemsBuilder builder({{.name = "l", .many = true}});
  for (const auto& list : {std::vector<std::string>{"ab", "c"}, {"a", "bc"}, {"abc"}, {}}) {
    for (const auto& text : list) builder.text(0, text);
    builder.end_row();
  }
  const auto lists = *std::move(builder).build().hashes("l");
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(lists[i], lists[j]) << i << " " << j;
  }
  const auto zeros = *Items::of("n", std::vector<double>{0.0, -0.0, 1.0}).hashes();
  EXPECT_EQ(zeros[0], zeros[1]);
  EXPECT_NE(zeros[0], zeros[2]);
}

}  // namespace
}  // namespace quiver
