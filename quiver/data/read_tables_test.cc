#include "quiver/data/read_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/dataset.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/test_data.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Items> csv(std::string text, bool header = true) {
  return read_csv(Source::of(std::move(text), "x.csv"), {.header = header});
}
Result<Items> tsv(std::string text) { return read_tsv(Source::of(std::move(text), "x.tsv"), {}); }
Result<Items> lines(std::string text) { return read_lines(Source::of(std::move(text), "x.txt"), {}); }

TEST(Csv, ReadsQuotesLineBreaksAndBothLineEnds) {
  const std::string text = "name,note,n\r\nlion,\"big, \"\"wild\"\"\ncat\",5\r\n\ntiger,,\"6\"\n,\"\",7";
  for (const std::string mark : {"", "\xEF\xBB\xBF"}) {
    const Items items = *csv(mark + text);
    EXPECT_EQ(items.size(), 3u);
    EXPECT_THAT(items.text("name")->to_vector(), ElementsAre("lion", "tiger", ""));
    EXPECT_TRUE(items.text("name")->missing(2));
    EXPECT_THAT(items.text("note")->to_vector(), ElementsAre("big, \"wild\"\ncat", "", ""));
    EXPECT_TRUE(items.text("note")->missing(1));
    EXPECT_FALSE(items.text("note")->missing(2));  // quoted, so it is there
    EXPECT_THAT(*items.numbers("n"), ElementsAre(5, 6, 7));
  }
}

TEST(Csv, AColumnIsNumberOnlyIfEveryCellKeepsItsValue) {
  const auto modality = [](std::string cells) { return csv("x\n" + cells)->fields()[0].modality; };
  EXPECT_EQ(modality("1\n-2.5\n1e3\n0\n0.5\n"), Modality::Number);
  EXPECT_EQ(modality("1\ntwo\n"), Modality::Text);
  EXPECT_EQ(modality("007\n"), Modality::Text);
  EXPECT_EQ(modality("12345678901234567\n"), Modality::Text);
  EXPECT_EQ(modality("nan\n"), Modality::Text);
  EXPECT_EQ(modality("inf\n"), Modality::Text);
  EXPECT_EQ(modality("1 \n"), Modality::Text);
  EXPECT_EQ(csv("x,y\n,1\n,2\n")->fields()[0].modality, Modality::Text);  // nothing there
}

TEST(Csv, WorksWithoutAHeader) {
  const Items items = *csv("a,1\nb,2\n", false);
  EXPECT_THAT(items.text("column1")->to_vector(), ElementsAre("a", "b"));
  EXPECT_THAT(*items.numbers("column2"), ElementsAre(1, 2));
}

TEST(Csv, ErrorsNameTheLine) {
  EXPECT_THAT(error_of(csv("")), HasSubstr("empty: it holds no rows"));
  EXPECT_THAT(error_of(csv("a,b\n")), HasSubstr("a header and no rows"));
  EXPECT_THAT(error_of(csv("a,b\n1,2\n\"x\ny\",2\n1,2,3\n")), HasSubstr("line 5 has 3 cells, the first line has 2"));
  EXPECT_THAT(error_of(csv("a,b\n1,\"2\n3,4\n")), HasSubstr("the quote opened in line 2 is never closed"));
  EXPECT_THAT(error_of(csv("a,b\n1,\"2\"x\n")), HasSubstr("line 2: 'x' follows a closing quote"));
  EXPECT_THAT(error_of(csv("a,a\n1,2\n")), HasSubstr("names 'a' twice"));
  EXPECT_THAT(error_of(csv("a,\n1,2\n")), HasSubstr("does not name column 2"));
  EXPECT_THAT(error_of(csv("a\nb\n\xE9\n")), HasSubstr("line 3 is not UTF-8"));
}

TEST(Tsv, QuotesArePlainCharacters) {
  const Items items = *tsv("score\ttext\n5\t\"big\" cat\n\t\"open\n");
  EXPECT_THAT(items.text("text")->to_vector(), ElementsAre("\"big\" cat", "\"open"));
  EXPECT_EQ((*items.numbers("score"))[0], 5);
  EXPECT_THAT(error_of(tsv("a\tb\n1\n")), HasSubstr("line 2 has 1 cells"));
}

TEST(Lines, AreRows) {
  EXPECT_THAT(lines("a\r\n\nb")->text("text")->to_vector(), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines("\n")->text("text")->to_vector(), ElementsAre(""));
  EXPECT_THAT(error_of(lines("")), HasSubstr("empty"));
  EXPECT_THAT(error_of(lines("a\n\xFF")), HasSubstr("line 2 is not UTF-8"));
}

TEST(Tables, DamageNeverCrashes) {
  const std::string bytes = "a,b,c\r\n1,\"x,\"\"y\",\n2,\"z\n\",3\n";
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return csv(d); }, 10),
            100);
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return tsv(d); }, 11),
            100);
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return lines(d); }, 12),
            100);
}

TEST(Tables, ReadTheStsBenchmark) {
  QUIVER_REAL_DATA(const auto path, "stsb", "stsb-en-train.csv");
  const auto data = *Dataset::open(path.string() + "?header=false&rows=5749");
  EXPECT_EQ(data.size(), 5749u);
  EXPECT_EQ(data.fields()[2].modality, Modality::Number);
  const auto scores = data.items().numbers("column3");
  for (const double score : *scores) {
    ASSERT_GE(score, 0);
    ASSERT_LE(score, 5);
  }
}

}  // namespace
}  // namespace quiver
