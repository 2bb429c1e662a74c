#include "quiver/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver::cli {
namespace {

using testing::HasSubstr;

struct Options {
  std::string input, spec;
  std::vector<std::string> columns, rest;
  std::uint32_t k = 10;
  double weight = 0;
  bool normalize = false;
  template <class V>
  void visit(V& v) {
    v("input", input, "the file to read");
    v("rest", rest, "further files");
    v("spec", spec, "structure and codes");
    v("columns", columns, "columns");
    v("k", k, "hits", 1, 100);
    v("weight", weight, "a number");
    v("normalize", normalize, "unit length");
  }
};
const VerbText kVerb{
    .name = "count", .summary = "count", .positional = {"input", "rest"}, .required = {"input"}, .repeated = {"spec"}};

Result<Arguments> parse(std::vector<std::string> words) { return parse_arguments(words, kVerb, describe<Options>()); }

std::string own(const Arguments& arguments, const char* name) {
  const auto found = arguments.own.values().find(std::string_view(name));
  return found == arguments.own.values().end() ? "(absent)" : found->second;
}

TEST(Arguments, FlagsTakeTheirValueBehindABlankAnEqualsSignOrNothing) {
  const auto parsed = parse({"--spec", "flat", "-k", "7", "--normalize", "--weight=-0.5", "--json"});
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  EXPECT_EQ(own(*parsed, "spec"), "flat");
  EXPECT_EQ(own(*parsed, "k"), "7");
  EXPECT_EQ(own(*parsed, "normalize"), "true");
  EXPECT_EQ(own(*parsed, "weight"), "-0.5");
  EXPECT_EQ(parsed->common.values().at("json"), "true");
}

TEST(Arguments, AOneLetterFlagMayTouchItsValue) {
  const auto parsed = parse({"-k25"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(own(*parsed, "k"), "25");
}

TEST(Arguments, ABooleanMayBeTurnedOff) {
  const auto parsed = parse({"--no-normalize"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(own(*parsed, "normalize"), "false");
  const auto spelled = parse({"--normalize=false"});
  ASSERT_TRUE(spelled.has_value());
  EXPECT_EQ(own(*spelled, "normalize"), "false");
}

TEST(Arguments, WordsFillThePositionalOptionsAndTheLastListTakesTheRest) {
  const auto parsed = parse({"a", "b", "--", "-c", "--normalize"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(own(*parsed, "input"), "a");
  EXPECT_EQ(own(*parsed, "rest"), "b,-c,--normalize");
  EXPECT_EQ(own(*parsed, "normalize"), "(absent)");
}

TEST(Arguments, NegativeNumbersAreValuesNotFlags) {
  const auto parsed = parse({"a", "-3"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(own(*parsed, "rest"), "-3");
}

TEST(Arguments, ListsAndRepeatedTextsGather) {
  const auto parsed = parse({"--columns", "a,b", "--columns", "c", "--spec", "x,y", "--spec", "z"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(own(*parsed, "columns"), "a,b,c");
  EXPECT_EQ(own(*parsed, "spec"), "x,y\nz");
}

TEST(Arguments, OneValueGivenTwiceIsAMistakeUnlessItIsTheSame) {
  EXPECT_TRUE(parse({"-k", "3", "-k", "3"}).has_value());
  const auto parsed = parse({"-k", "3", "-k", "4"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message(), HasSubstr("-k is given twice, as '3' and as '4'"));
}

TEST(Arguments, AnUnknownFlagNamesTheNearest) {
  const auto parsed = parse({"--colums", "a"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code(), Code::InvalidArgument);
  EXPECT_EQ(parsed.error().message(),
            "there is no flag --colums; did you mean --columns?; `quiver help count` shows what it takes");
}

TEST(Arguments, AFlagWithoutItsValueSaysWhatItNeeds) {
  for (const auto& words : {std::vector<std::string>{"--spec"}, {"--spec", "--normalize"}}) {
    const auto parsed = parse(words);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(parsed.error().message(), HasSubstr("--spec needs a value (structure and codes)"));
  }
}

TEST(Arguments, AWordTooManyIsNamed) {
  const VerbText flags_only{.name = "doctor", .summary = ""};
  const std::vector<std::string> words{"now"};
  const auto parsed = parse_arguments(words, flags_only, {});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message(), HasSubstr("'now' is one word too many"));
}

TEST(Arguments, RequiredOptionsAreAskedForByTheNameTheUserTypes) {
  Arguments arguments;
  const auto outcome = complete_arguments(arguments, {}, kVerb, describe<Options>());
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().message(), "INPUT is missing (the file to read); `quiver help count` shows what it takes");
}

TEST(Arguments, FlagsWinOverTheSettingsDocument) {
  Arguments arguments;
  arguments.own.set("k", "3");
  Settings document;
  document.set("k", "9");
  document.set("input", "from-document");
  ASSERT_TRUE(complete_arguments(arguments, document, kVerb, describe<Options>()).has_value());
  EXPECT_EQ(own(arguments, "k"), "3");
  EXPECT_EQ(own(arguments, "input"), "from-document");
}

TEST(Arguments, HelpIsRecognisedAnywhere) {
  const auto parsed = parse({"a", "-h"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->help);
}

}  // namespace
}  // namespace quiver::cli
