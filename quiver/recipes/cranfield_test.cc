#include "quiver/recipes/cranfield.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver::recipes {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kDocuments =
    "<doc>\n<docno>1</docno>\n<text>wing flow</text>\n</doc>\n<doc><docno>2</docno><text></text></doc>\n"
    "<doc><docno>3</docno><text>heat\ntransfer</text></doc>";
constexpr std::string_view kQuestions =
    "<top><num> 1</num><title>\nheat ?\n</title></top><top><num> 7</num><title>wings</title></top>";

TEST(Cranfield, JudgementsNameQuestionsByTheirPlace) {
  const auto set = parse_cranfield(kDocuments, kQuestions, "1 0 3 1\n1 0 2 0\n2 0 1 3\n\n2 0 3 1");
  ASSERT_TRUE(set.has_value()) << set.error().message();
  EXPECT_THAT(set->documents, ElementsAre("wing flow", "", "heat\ntransfer"));
  EXPECT_THAT(set->questions, ElementsAre("\nheat ?\n", "wings"));
  EXPECT_THAT(set->relevant.offsets, ElementsAre(0, 1, 3));
  EXPECT_THAT(set->relevant.rows, ElementsAre(2, 0, 2));
}

TEST(Cranfield, SaysWhichJudgementIsWrong) {
  for (const char* judgements : {"1 0 1 1\n7 0 1 1\n", "1 0 1 1\n1 0 4 1", "1 0 1 1\n1 0 x 1", "1 0 1 1\n0 0 1 1"}) {
    const auto set = parse_cranfield(kDocuments, kQuestions, judgements);
    ASSERT_FALSE(set.has_value()) << judgements;
    EXPECT_EQ(set.error().code(), Code::Corruption);
    EXPECT_THAT(set.error().message(), HasSubstr("judgement 2 of Cranfield"));
  }
  EXPECT_EQ(parse_cranfield("", "", "")->relevant.queries(), 0U);
}

}  // namespace
}  // namespace quiver::recipes
