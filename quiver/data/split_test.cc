#include "quiver/data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "quiver/core/random.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/items_builder.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::HasSubstr;

Items numbered(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back("row " + std::to_string(i));
  return Items::of("text", texts);
}

TEST(Split, PartitionsTheRowsNearTheFractions) {
  const Items items = numbered(20'000);
  std::vector<bool> seen(items.size());
  std::size_t total = 0;
  for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
    const auto rows = *split_rows(items, part);
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
    for (const std::uint32_t row : rows) {
      EXPECT_FALSE(seen[row]);
      seen[row] = true;
    }
    const double expected = part == Part::Train ? 0.9 : 0.05;
    EXPECT_NEAR(static_cast<double>(rows.size()) / 20'000, expected, 0.01) << name_of(part);
    total += rows.size();
  }
  EXPECT_EQ(total, items.size());
  EXPECT_EQ(split_rows(items, Part::All)->size(), items.size());
}

TEST(Split, IsStableWhenRowsAreAppendedOrMoved) {
  const Items few = numbered(1000), more = numbered(2000);
  const auto before = *split_rows(few, Part::Test);
  auto after = *split_rows(more, Part::Test);
  after.resize(before.size());
  EXPECT_EQ(before, after);
  const auto moved = *split_rows(more.slice(500, 500), Part::Test);
  for (const std::uint32_t row : moved) {
    EXPECT_TRUE(std::ranges::binary_search(before, row + 500)) << row;
  }
}

TEST(Split, KeepsEqualKeysTogether) {
  ItemsBuilder builder({{.name = "text"}, {.name = "author"}});
  for (int i = 0; i < 2000; ++i) {
    builder.text(0, std::to_string(i));
    builder.text(1, std::to_string(i % 100));
    builder.end_row();
  }
  const Items items = std::move(builder).build();
  std::set<std::string> train, test;
  const TextColumn author = *items.text("author");
  const auto train_rows = *split_rows(items, Part::Train, "author"),
             test_rows = *split_rows(items, Part::Test, "author");
  for (const auto row : train_rows) train.emplace(author[row]);
  for (const auto row : test_rows) test.emplace(author[row]);
  EXPECT_FALSE(test.empty());
  for (const std::string& name : test) EXPECT_FALSE(train.contains(name)) << name;
  EXPECT_THAT(error_of(split_rows(items, Part::Test, "writer")),
              HasSubstr("splitting by column 'writer': there is no column"));
}

TEST(Split, NamesItsSidesAndTakesFractions) {
  for (const Part part : {Part::All, Part::Train, Part::Validation, Part::Test})
    EXPECT_EQ(*parse_part(name_of(part)), part);
  EXPECT_THAT(error_of(parse_part("dev")),
              HasSubstr("'dev' is no side of a split: use train, validation, test or all"));
  EXPECT_EQ(part_of(123, {.train = 1, .validation = 0}), Part::Train);
  EXPECT_EQ(part_of(123, {.train = 0, .validation = 1}), Part::Validation);
  EXPECT_EQ(part_of(123, {.train = 0, .validation = 0}), Part::Test);
}

TEST(Split, NeverChangesBetweenVersions) {
  // Values of this very function, written down: a model's card says on which rows it was trained.
  std::string sides;
  for (std::uint64_t i = 0; i < 40; ++i) sides += name_of(part_of(mix(i), {}))[1];
  EXPECT_EQ(sides, "rrrrrrrrrrrrrrrerrrrrrrrrrarrrrrrrrrrrar");
}

}  // namespace
}  // namespace quiver
