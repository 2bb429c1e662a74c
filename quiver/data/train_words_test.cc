#include "quiver/data/train_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using WordTexts = std::vector<std::string_view>;

Tokenizer trained_words(const WordTexts& texts, const WordTraining& training) {
  quiver::Run run;
  auto tokenizer = train_words(texts, training, run);
  EXPECT_TRUE(tokenizer.has_value()) << (tokenizer.has_value() ? "" : tokenizer.error().message());
  return *std::move(tokenizer);
}

TEST(TrainWords, FrequentWordsComeFirst) {
  const auto tokenizer = trained_words({"The cat. The dog!", "the CAT, a bird."}, {.min_frequency = 1});
  std::vector<std::string> words;
  for (std::uint32_t id = 0; id < tokenizer.size(); ++id) words.emplace_back(tokenizer.token(id));
  EXPECT_THAT(words, ElementsAre("[UNK]", "the", ".", "cat", "!", ",", "a", "bird", "dog"));
  EXPECT_THAT(tokenizer.encode("The horse, THE bird").ids, ElementsAre(1, 0, 5, 1, 7));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("the dog").ids), "the dog");
}

TEST(TrainWords, KeepsToItsLimits) {
  const WordTexts texts{"a a a b b c"};
  EXPECT_EQ(trained_words(texts, {.min_frequency = 2}).size(), 3u);
  EXPECT_EQ(trained_words(texts, {.vocabulary = 2, .min_frequency = 1}).size(), 2u);
}

TEST(TrainWords, CharactersAreTokens) {
  const auto tokenizer = trained_words({"天天向上", "好天 a"}, {.min_frequency = 1, .characters = true});
  EXPECT_THAT(tokenizer.encode("天上 雨").ids, ElementsAre(*tokenizer.id("天"), *tokenizer.id("上"), 0));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("好天").ids), "好天");
  EXPECT_EQ(tokenizer.size(), 6u);
}

TEST(TrainWords, SpecialTokensHaveTheFirstIds) {
  const WordTraining training{.min_frequency = 1,
                              .lowercase = false,
                              .unknown = "?",
                              .special = {.tokens = {"[PAD]", "?", "[CLS]"}, .begin = "[CLS]"}};
  const auto tokenizer = trained_words({"Word"}, training);
  EXPECT_THAT(tokenizer.encode("Word word").ids, ElementsAre(2, 3, 1));
}

TEST(TrainWords, RefusesWhatCannotBe) {
  quiver::Run run;
  const WordTexts texts{"some text"};
  EXPECT_THAT(error_of(train_words(texts, {.vocabulary = 1}, run)), HasSubstr("no room for 1 special tokens"));
  EXPECT_THAT(error_of(train_words(texts, {.min_frequency = 2}, run)), HasSubstr("a word that occurs 2 times"));
  EXPECT_THAT(error_of(train_words(texts, {.special = {.end = "x"}}, run)), HasSubstr("'x' is to stand at an end"));
  run.cancel();
  EXPECT_EQ(train_words(texts, {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
