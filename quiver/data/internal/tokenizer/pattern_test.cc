#include "quiver/data/internal/tokenizer/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/internal/testing.h"

namespace quiver::internal {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Parts = std::vector<std::string>;

// The parts of a text, matches in brackets.
Parts parts_by(const Pattern& pattern, std::string_view text) {
  std::vector<Match> matches;
  pattern.find(text, matches);
  Parts parts;
  for (const Match& match : matches) {
    const std::string part(text.substr(match.begin, match.end - match.begin));
    parts.push_back(match.is_match ? "[" + part + "]" : part);
  }
  return parts;
}
Parts parts_by(std::string_view expression, std::string_view text) {
  const auto pattern = Pattern::regex(expression);
  EXPECT_TRUE(pattern.has_value()) << (pattern.has_value() ? "" : pattern.error().message());
  return parts_by(*pattern, text);
}

TEST(Pattern, TheFirstAlternativeThatMatchesCounts) {
  EXPECT_THAT(parts_by(R"('s| ?\p{L}+|\s+)", "it's a 5"), ElementsAre("[it]", "['s]", "[ a]", "[ ]", "5"));
  EXPECT_THAT(parts_by(R"(ab|abc)", "abc"), ElementsAre("[ab]", "c"));
}

TEST(Pattern, WhiteSpaceLeavesItsLastToTheWord) {
  EXPECT_THAT(parts_by(R"(\s+(?!\S))", "a   b "), ElementsAre("a", "[  ]", " b", "[ ]"));
  EXPECT_THAT(parts_by(R"(\s+(?!\S))", "a b"), ElementsAre("a b"));
  EXPECT_THAT(parts_by(R"(\s*[\r\n]+)", "a \n\n b"), ElementsAre("a", "[ \n\n]", " b"));
  EXPECT_THAT(parts_by(R"(\s*[\r\n]+)", " a "), ElementsAre(" a "));
  EXPECT_THAT(parts_by(R"( {2,})", "a b  c"), ElementsAre("a b", "[  ]", "c"));
  EXPECT_THAT(parts_by(R"(\s{2,})", "a\tb\t\nc"), ElementsAre("a\tb", "[\t\n]", "c"));
}

TEST(Pattern, WordsTakeOneCharacterBefore) {
  EXPECT_THAT(parts_by(R"([^\r\n\p{L}\p{N}]?\p{L}+)", "a-b  c\nd"),
              ElementsAre("[a]", "[-b]", " ", "[ c]", "\n", "[d]"));
  EXPECT_THAT(parts_by(R"( ?[^\s\p{L}\p{N}]+[\r\n]*)", "a ?!\r\nb"), ElementsAre("a", "[ ?!\r\n]", "b"));
  EXPECT_THAT(parts_by(R"(\p{N}{1,3})", "12345"), ElementsAre("[123]", "[45]"));
  EXPECT_THAT(parts_by(R"((?i:'s|'t|'re|'ve|'m|'ll|'d))", "I'LL he'S 'x"),
              ElementsAre("I", "['LL]", " he", "['S]", " 'x"));
}

TEST(Pattern, PlainTextMeansItself) {
  EXPECT_THAT(parts_by(R"(<\|end\|>|\n)", "a<|end|>\nb"), ElementsAre("a", "[<|end|>]", "[\n]", "b"));
  EXPECT_THAT(parts_by(Pattern::literal("a|b"), "a|ba"), ElementsAre("[a|b]", "a"));
  EXPECT_THAT(parts_by(Pattern::literal(""), "ab"), ElementsAre("ab"));
  EXPECT_TRUE(parts_by(Pattern::literal("a"), "").empty());
}

TEST(Pattern, RefusesOtherExpressionsAndListsItsOwn) {
  for (const char* expression : {"a+", "(?=a)", "[abc]", "\\d", "^a", "a|", "\\"}) {
    EXPECT_THAT(error_of(Pattern::regex(expression)), HasSubstr("is not supported; supported are")) << expression;
  }
}

TEST(SplitBehavior, IsThatOfTheReference) {
  const std::string text = "the-final--countdown";
  const auto split = [&](SplitBehavior behavior) {
    std::vector<Match> matches;
    Pattern::literal("-").find(text, matches);
    apply_behavior(behavior, matches);
    Parts parts;
    for (const Match& match : matches) {
      if (!match.is_match) parts.push_back(text.substr(match.begin, match.end - match.begin));
    }
    return parts;
  };
  EXPECT_THAT(split(SplitBehavior::Removed), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(split(SplitBehavior::Isolated), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(split(SplitBehavior::MergedWithPrevious), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(split(SplitBehavior::MergedWithNext), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(split(SplitBehavior::Contiguous), ElementsAre("the", "-", "final", "--", "countdown"));
}

}  // namespace
}  // namespace quiver::internal
