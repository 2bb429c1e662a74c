#include "quiver/data/instructed_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/train_bpe.h"

namespace quiver {
namespace {
using testing::HasSubstr;

// Byte-level, so that a blank belongs to the word behind it; every text ends with "<end>", or also begins with "<go>".
Tokenizer bytes(bool begins) {
  quiver::Run run({.threads = 1});
  const std::vector<std::string_view> texts{"query: printer drivers query: printer", "a printer of posts"};
  BpeTraining training{.vocabulary = 300};
  training.special.tokens = {"<end>", "<go>"};
  training.special.end = "<end>";
  if (begins) training.special.begin = "<go>";
  return *train_bpe(texts, training, run);
}

TEST(InstructedText, IdsOfBothStandBehindOneAnother) {
  for (const bool begins : {false, true}) {
    const Tokenizer tokenizer = bytes(begins);
    const InstructedTokenizer instructed(tokenizer, 64);
    const auto head = instructed.head("query: ");
    ASSERT_TRUE(head.has_value()) << head.error().message();
    EXPECT_EQ(head->special, begins ? 1u : 0u);
    const auto tokens = instructed.encode(*head, "printer");
    ASSERT_TRUE(tokens.has_value()) << tokens.error().message();
    std::vector<std::uint32_t> expected;
    if (begins) expected.push_back(*tokenizer.id("<go>"));
    for (const std::string_view part : {"query: ", "printer"}) {
      const Tokens bare = tokenizer.encode(part, {.special = false});
      expected.insert(expected.end(), bare.ids.begin(), bare.ids.end());
    }
    expected.push_back(*tokenizer.id("<end>"));
    EXPECT_EQ(tokens->ids, expected);
    EXPECT_EQ(tokens->types.size(), tokens->ids.size());
    // Tokenized as one text the border would be inside a token: this is what must not happen.
    EXPECT_NE(tokenizer.encode("query: printer").ids, expected);
  }
}

TEST(InstructedText, ATextIsCutButNotWhatIsAroundIt) {
  const Tokenizer tokenizer = bytes(true);
  const InstructedTokenizer instructed(tokenizer, 16);
  const auto head = instructed.head("query: ");
  ASSERT_TRUE(head.has_value());
  const std::string text = "printer drivers of posts and of other printers";
  const auto tokens = instructed.encode(*head, text);
  ASSERT_TRUE(tokens.has_value()) << tokens.error().message();
  EXPECT_EQ(tokens->ids.size(), 16u);
  EXPECT_EQ(tokens->ids.back(), *tokenizer.id("<end>"));
  const std::size_t whole = tokenizer.encode(text, {.special = false}).ids.size();
  EXPECT_EQ(tokens->dropped, whole - (16 - head->ids.size() - 1));
  EXPECT_EQ(instructed.encode(*head, "a")->dropped, 0u);
}

TEST(InstructedText, SaysWhatLeavesNothingToPool) {
  const InstructedTokenizer instructed(bytes(true), 8);
  const auto head = instructed.head("query:");
  ASSERT_TRUE(head.has_value()) << head.error().message();
  EXPECT_THAT(instructed.encode(*head, "").error().message(), HasSubstr("the text behind the instruction is empty"));
  EXPECT_THAT(instructed.head("").error().message(), HasSubstr("'' has no tokens"));
  EXPECT_THAT(instructed.head("query: printer drivers of posts").error().message(),
              HasSubstr("leaves no room for a text among the 8 that the model reads"));
}

TEST(InstructedText, FillsAForm) {
  EXPECT_EQ(*fill_instruction(kInstruction, "Find {it}"), "Instruct: Find {it}\nQuery: ");
  EXPECT_THAT(fill_instruction("Query: ", "x").error().message(), HasSubstr("must have one {} for the task"));
  EXPECT_THAT(fill_instruction("{} {}", "x").error().message(), HasSubstr("must have one {}"));
}

}  // namespace
}  // namespace quiver
