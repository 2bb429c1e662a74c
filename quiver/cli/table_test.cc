#include "quiver/cli/table.h"

#include <gtest/gtest.h>

namespace quiver::cli {
namespace {

TEST(Table, NumbersGoRightWordsGoLeftAndAccentsKeepTheirColumn) {
  Table table({"name", "score"});
  table.add({"café", "0.5"});
  table.add({"a", "12.25"});
  EXPECT_EQ(table.text(0), "name  score\ncafé    0.5\na     12.25\n");
}

TEST(Table, EmptyTableIsItsHeads) {
  EXPECT_EQ(Table({"a", "b"}).text(), "  a  b\n");
  EXPECT_EQ(Table({"", ""}).text(), "");
}

TEST(Table, WrapKeepsParagraphsAndNeverBreaksAWord) {
  EXPECT_EQ(wrap("one two three", 8, 2), "  one\n  two\n  three\n");
  EXPECT_EQ(wrap("a b\n\nc", 80), "a b\n\nc\n");
  EXPECT_EQ(wrap("", 80), "");
  EXPECT_EQ(wrap("one two\n\n  a   b\n  c\nthree", 4), "one\ntwo\n\n  a   b\n  c\nthree\n");
}

TEST(Table, ShortenCountsCharactersNotBytes) {
  EXPECT_EQ(shorten("éééé", 4), "éééé");
  EXPECT_EQ(shorten("ééééé", 4), "ééé…");
  EXPECT_EQ(shorten("", 3), "");
}

TEST(Table, SizesAndTimesAreReadable) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(31532612), "31.5 MB");
  EXPECT_EQ(human_seconds(0.00034), "340 us");
  EXPECT_EQ(human_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(human_seconds(200), "3 min 20 s");
}

}  // namespace
}  // namespace quiver::cli
