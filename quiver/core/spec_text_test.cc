#include "quiver/core/spec_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SpecText, ReadsNamesAndNumbers) {
  EXPECT_EQ(SpecText::parse("flat", "index")->text(), "flat");
  EXPECT_EQ(SpecText::parse("", "index")->name, "");
  const auto two = SpecText::parse(" hnsw ( 16,\t128 ) ", "index");
  ASSERT_TRUE(two.has_value()) << two.error().message();
  EXPECT_EQ(two->name, "hnsw");
  EXPECT_THAT(two->arguments, ElementsAre(16U, 128U));
  EXPECT_EQ(two->text(), "hnsw(16,128)");
  EXPECT_EQ(name_in(" hnsw (x"), "hnsw");
}

TEST(SpecText, SaysWhatIsWrong) {
  const auto message = [](const char* text) { return SpecText::parse(text, "index").error().message(); };
  EXPECT_THAT(message("hnsw(16"), HasSubstr("index 'hnsw(16' misses its ')'"));
  EXPECT_THAT(message("hnsw()"), HasSubstr("'' in index 'hnsw()' is not a whole number"));
  EXPECT_THAT(message("hnsw(16,x)"), HasSubstr("'x' in index"));
  EXPECT_THAT(message("hnsw(-1)"), HasSubstr("'-1'"));
  EXPECT_THAT(message("hnsw(99999999999)"), HasSubstr("not a whole number"));
}

TEST(WithoutBlanks, CutsBothEndsOnly) {
  EXPECT_EQ(without_blanks("\t a b  "), "a b");
  EXPECT_EQ(without_blanks("  "), "");
}

}  // namespace
}  // namespace quiver
