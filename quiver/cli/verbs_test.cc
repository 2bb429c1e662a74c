#include "quiver/cli/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "quiver/cli/help.h"
#include "quiver/core/file.h"

namespace quiver::cli {
namespace {

using testing::HasSubstr;

std::string message_for(std::vector<std::string> words) {
  const auto found = find_verb(words);
  return found.has_value() ? "found " + std::string(found->verb->text.name) : found.error().message();
}

TEST(Verbs, EveryVerbStandsInExactlyOneChapter) {
  std::multiset<std::string_view> listed;
  for (const Chapter& chapter : chapters()) listed.insert(chapter.names.begin(), chapter.names.end());
  EXPECT_EQ(listed.size(), verbs().size());
  for (const Verb& verb : verbs()) EXPECT_EQ(listed.count(verb.text.name), 1u) << verb.text.name;
}

TEST(Verbs, WhatAVerbSaysOfItsOptionsIsTrue) {
  for (const Verb& verb : verbs()) {
    const auto options = verb.options("");
    ASSERT_TRUE(options.has_value()) << verb.text.name;
    const auto declared = [&](std::string_view name) {
      return std::ranges::find(*options, name, &OptionSpec::name) != options->end();
    };
    for (const auto name : verb.text.positional) EXPECT_TRUE(declared(name)) << verb.text.name << " " << name;
    for (const auto name : verb.text.required) EXPECT_TRUE(declared(name)) << verb.text.name << " " << name;
    for (const auto name : verb.text.repeated) EXPECT_TRUE(declared(name)) << verb.text.name << " " << name;
    for (const OptionSpec& common : describe<CommonOptions>()) EXPECT_FALSE(declared(common.name)) << verb.text.name;
    EXPECT_FALSE(verb.text.summary.empty()) << verb.text.name;
    EXPECT_FALSE(verb.text.summary.ends_with('.')) << verb.text.name;
  }
}

TEST(Verbs, OneWordAndTwoWordNamesAreFound) {
  EXPECT_EQ(message_for({"search", "--index", "a"}), "found search");
  EXPECT_EQ(message_for({"index", "build"}), "found index build");
}

TEST(Verbs, AMistypedVerbNamesTheNearest) {
  EXPECT_EQ(message_for({"serach"}), "'serach' is no verb; did you mean 'search'?");
  EXPECT_EQ(message_for({"zzzzzzzzzz"}), "'zzzzzzzzzz' is no verb; `quiver` alone lists them");
  EXPECT_EQ(message_for({"inspect", "recal"}), "'inspect recal' is no verb; did you mean 'inspect recall'?");
  EXPECT_EQ(message_for({"index"}), "'index' needs one more word: build, add, remove, compact");
}

TEST(Verbs, HelpShowsUsageEveryOptionAndExamples) {
  const auto found = find_verb(std::vector<std::string>{"convert"});
  ASSERT_TRUE(found.has_value());
  const auto options = found->verb->options("");
  ASSERT_TRUE(options.has_value());
  const std::string help = verb_help(*found->verb, *options);
  EXPECT_THAT(help, HasSubstr("Usage: quiver convert INPUT OUTPUT [flags]"));
  for (const OptionSpec& option : *options) EXPECT_THAT(help, HasSubstr(option.help.substr(0, 20)));
  EXPECT_THAT(help, HasSubstr("$ quiver convert base.fvecs base.npy"));
}

TEST(Verbs, TheReferencePageIsTheOneInTheDocs) {
  const auto page = read_file("docs/reference/cli.md");
  ASSERT_TRUE(page.has_value()) << page.error().message();
  EXPECT_EQ(*page, reference_page()) << "write it again: quiver help --reference > docs/reference/cli.md";
}

}  // namespace
}  // namespace quiver::cli
