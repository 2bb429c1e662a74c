#include "quiver/data/read_jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Items> read(std::string text) { return read_jsonl(Source::of(std::move(text), "x.jsonl"), {}); }

TEST(Jsonl, ReadsEveryKindOfValue) {
  const Items items = *read(
      R"({"text": "caf\u00e9 \"q\"", "stars": 5, "ok": true, "tags": ["a", "b"], "v": [1, 2.5], "o": {"x": [1, 2]}}

{"v": [], "text": null, "late": "here", "stars": -0.5, "tags": [], "n": [[1], [2]]}
)");
  EXPECT_EQ(items.size(), 2u);
  std::vector<std::string> names;
  for (const Field& field : items.fields()) names.push_back(describe(field));
  EXPECT_THAT(names,
              ElementsAre("text (text, optional)", "stars (number)", "ok (number, optional)", "tags (text, many)",
                          "v (number, many)", "o (text, optional)", "late (text, optional)", "n (text, optional)"));
  EXPECT_EQ((*items.text("text"))[0], "café \"q\"");
  EXPECT_TRUE(items.text("text")->missing(1));
  EXPECT_THAT(*items.numbers("stars"), ElementsAre(5, -0.5));
  EXPECT_EQ((*items.numbers("ok"))[0], 1);
  EXPECT_TRUE(std::isnan((*items.numbers("ok"))[1]));
  EXPECT_THAT((*items.texts("tags"))[0].to_vector(), ElementsAre("a", "b"));
  EXPECT_THAT((*items.number_lists("v"))[0], ElementsAre(1, 2.5));
  EXPECT_TRUE((*items.number_lists("v"))[1].empty());
  EXPECT_EQ((*items.text("o"))[0], R"({"x":[1,2]})");
  EXPECT_EQ((*items.text("n"))[1], "[[1],[2]]");
}

TEST(Jsonl, KeysThatAreNeverSaidHaveAPlace) {
  const Items items =
      *read("\xEF\xBB\xBF{\"a\": null, \"b\": [], \"c\": 1}\r\n{\"b\": [\"x\"], \"a\": null, \"d\": []}");
  EXPECT_EQ(describe(items.fields()[0]), "a (text, optional)");
  EXPECT_EQ(describe(items.fields()[1]), "b (text, many)");
  EXPECT_EQ(describe(items.fields()[3]), "d (text, many)");
  EXPECT_THAT((*items.texts("b"))[1].to_vector(), ElementsAre("x"));
  EXPECT_TRUE(items.text("a")->missing(1));
}

TEST(Jsonl, NumbersStayExact) {
  EXPECT_EQ((*read(R"({"n": 9007199254740992})")->numbers("n"))[0], 9007199254740992.0);
  EXPECT_EQ((*read(R"({"n": 0.1})")->numbers("n"))[0], 0.1);
  EXPECT_THAT(error_of(read("{\"n\": 1}\n{\"n\": 9007199254740993}")),
              HasSubstr("line 2: 'n': 9007199254740993 has more digits than a number holds exactly"));
  EXPECT_THAT(error_of(read(R"({"n": [18446744073709551615]})")), HasSubstr("18446744073709551615"));
}

TEST(Jsonl, ErrorsNameLineAndKey) {
  EXPECT_THAT(error_of(read("")), HasSubstr("empty"));
  EXPECT_THAT(error_of(read("\n  \n")), HasSubstr("empty"));
  EXPECT_THAT(error_of(read("{\"a\": 1}\n[1]\n")), HasSubstr("line 2: it is not an object"));
  EXPECT_THAT(error_of(read("{\"a\": 1}\n\n{\"a\": \n")), HasSubstr("line 3: "));
  EXPECT_THAT(error_of(read("{\"a\": 1} {\"a\": 2}\n")), HasSubstr("line 1: "));
  EXPECT_THAT(error_of(read("{\"a\": 1, \"a\": 2}")), HasSubstr("line 1: 'a': the key is there twice"));
  EXPECT_THAT(error_of(read("{\"a\": 1}\n{\"a\": \"x\"}")),
              HasSubstr("line 2: 'a': it is text here but a number in line 1"));
  EXPECT_THAT(error_of(read("{\"a\": [1]}\n{\"a\": 1}")),
              HasSubstr("it is a number here but a list of numbers in line 1"));
  EXPECT_THAT(error_of(read("{\"a\": \"\xFF\"}")), HasSubstr("line 1: "));
  EXPECT_THAT(error_of(read("{\"a\": 1e999}")), HasSubstr("line 1: "));
}

TEST(Jsonl, DamageNeverCrashes) {
  const std::string bytes = "{\"a\": [1, 2], \"b\": \"x\\u00e9\", \"c\": {\"d\": null}}\n{\"a\": [], \"b\": \"y\"}\n";
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return read(d); }, 9),
            200);
}

}  // namespace
}  // namespace quiver
