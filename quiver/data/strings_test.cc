#include "quiver/data/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace quiver {
namespace {
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Strings, KeepTextsInOrder) {
  Strings strings;
  EXPECT_EQ(strings.size(), 0u);
  EXPECT_THAT(strings.view().to_vector(), IsEmpty());
  for (const char* text : {"lion", "", "tiger", "x"}) strings.add(text);
  strings.add(std::string_view("a\0b", 3));
  EXPECT_EQ(strings.size(), 5u);
  EXPECT_EQ(strings[1], "");
  EXPECT_EQ(strings[4].size(), 3u);
  const StringsView middle = strings.view(1, 2);
  EXPECT_THAT(middle.to_vector(), ElementsAre("", "tiger"));
  EXPECT_THAT(std::vector<std::string_view>(middle.begin(), middle.end()), ElementsAre("", "tiger"));
  EXPECT_TRUE(strings.view(5, 0).empty());
}

TEST(Strings, IteratorsOutliveTheirView) {
  Strings strings;
  for (const char* text : {"a", "b", "c"}) strings.add(text);
  const auto begin = strings.view(1, 2).begin(), end = strings.view(1, 2).end();
  EXPECT_EQ(*std::find(begin, end, "c"), "c");
}

}  // namespace
}  // namespace quiver
