#include "quiver/data/train_bpe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/random.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Texts = std::vector<std::string_view>;
using Merges = std::vector<std::pair<std::string, std::string>>;

Json read_fixture(const std::string& name) {
  const auto file = MappedFile::open("tests/data/tokenizers/" + name);
  return *parse_json(file->text());
}
Merges merges_of(const Tokenizer& tokenizer) {
  return (*parse_json(tokenizer.to_json()))["model"]["merges"].get<Merges>();
}
Tokenizer trained(const Texts& texts, const BpeTraining& training) {
  quiver::Run run;
  auto tokenizer = train_bpe(texts, training, run);
  EXPECT_TRUE(tokenizer.has_value()) << (tokenizer.has_value() ? "" : tokenizer.error().message());
  return *std::move(tokenizer);
}

TEST(TrainBpe, LearnsWhatTheReferenceLearns) {
  const auto corpus = read_fixture("expected.json")["corpus"].get<std::vector<std::string>>();
  const Json reference = read_fixture("gpt2.json")["model"];
  const auto tokenizer = trained({corpus.begin(), corpus.end()},
                                 {.vocabulary = 500, .min_frequency = 0, .special = {.tokens = {"<|endoftext|>"}}});
  EXPECT_EQ(merges_of(tokenizer), reference["merges"].get<Merges>());
  EXPECT_EQ(tokenizer.size(), 500u);
  for (const auto& [token, id] : reference["vocab"].items()) EXPECT_EQ(tokenizer.id(token), id.get<std::uint32_t>());
}

// The definition: count all pairs, join the most frequent, of equal ones that of the lowest ids; again.
Merges merged_naively(std::vector<std::vector<std::string>> words, std::vector<std::string> tokens, std::size_t size,
                      std::size_t min_frequency) {
  Merges merges;
  const auto id = [&](const std::string& token) { return std::ranges::find(tokens, token) - tokens.begin(); };
  while (tokens.size() < size) {
    std::map<std::pair<std::ptrdiff_t, std::ptrdiff_t>, std::size_t> counts;
    for (const auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) ++counts[{id(word[i]), id(word[i + 1])}];
    }
    const auto best = std::ranges::max_element(counts, {}, [](const auto& pair) { return pair.second; });
    if (best == counts.end() || best->second < min_frequency) break;  // of equal ones max_element gives the first
    const std::string left = tokens[static_cast<std::size_t>(best->first.first)];
    const std::string right = tokens[static_cast<std::size_t>(best->first.second)];
    merges.emplace_back(left, right);
    if (std::ranges::find(tokens, left + right) == tokens.end()) tokens.push_back(left + right);
    for (auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != left || word[i + 1] != right) continue;
        word[i] += right;
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return merges;
}

TEST(TrainBpe, MergesAsTheDefinitionSays) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::string text;
    std::vector<std::vector<std::string>> words;
    for (int i = 0; i < 60; ++i) {
      auto& word = words.emplace_back();
      for (std::uint64_t j = 1 + random.below(9); j > 0; --j) word.emplace_back(1, "abcd"[random.below(4)]);
      for (const auto& character : word) text += character;
      text += ' ';
      word.back() += "</w>";
    }
    const auto tokenizer = trained({text}, {.vocabulary = 60, .byte_level = false});
    std::vector<std::string> alphabet;
    for (std::uint32_t id = 0; id < 9; ++id) alphabet.emplace_back(tokenizer.token(id));
    EXPECT_THAT(alphabet, ElementsAre("[UNK]", "a", "b", "c", "d", "a</w>", "b</w>", "c</w>", "d</w>"));
    EXPECT_EQ(merges_of(tokenizer), merged_naively(words, alphabet, 60, 2)) << "seed " << seed;
  }
}

TEST(TrainBpe, ByteLevelKnowsEveryText) {
  const auto tokenizer = trained({"the cat the hat", "the bat"}, {.vocabulary = 262});
  for (const char* text : {"the cat", "völlig anders", "完全不同 🙂", "", " "}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text).ids), text);
  }
  EXPECT_EQ(tokenizer.encode("the").ids.size(), 1u);
}

TEST(TrainBpe, CharactersBeyondTheAlphabetAreUnknown) {
  const BpeTraining training{.vocabulary = 40, .byte_level = false, .lowercase = true, .alphabet = 3};
  const auto tokenizer = trained({"Aab aab Aab z", "ab ab ab"}, training);
  EXPECT_EQ(tokenizer.id("A"), std::nullopt);  // lower case
  EXPECT_NE(tokenizer.id("a"), std::nullopt);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("AAB ab").ids), "aab ab");
  EXPECT_EQ(tokenizer.encode("q").ids, std::vector<std::uint32_t>{*tokenizer.id("[UNK]")});
}

TEST(TrainBpe, SpecialTokensStandAtTheEnds) {
  const BpeTraining training{.vocabulary = 270,
                             .special = {.tokens = {"<pad>", "<s>", "</s>"}, .begin = "<s>", .end = "</s>"}};
  const auto tokenizer = trained({"hello hello"}, training);
  const auto ids = tokenizer.encode("hello").ids;
  EXPECT_THAT(ids, ElementsAre(1, *tokenizer.id("hello"), 2));
  EXPECT_EQ(tokenizer.decode(ids), "hello");
  EXPECT_EQ(tokenizer.encode("</s>", {.special = false}).ids, std::vector<std::uint32_t>{2});
}

TEST(TrainBpe, IsTheSameForTextsInAnyOrder) {
  const Texts texts{"one two three", "two three four", "three four five six"};
  const BpeTraining training{.vocabulary = 300, .min_frequency = 1};
  EXPECT_EQ(trained(texts, training).to_json(), trained({texts.rbegin(), texts.rend()}, training).to_json());
}

TEST(TrainBpe, StopsWhereNoPairIsFrequentEnough) {
  EXPECT_EQ(trained({"abc abd"}, {.vocabulary = 1000, .min_frequency = 2}).size(), 256u + 1u);  // "ab" is twice there
  EXPECT_EQ(trained({"abc"}, {.vocabulary = 1000, .min_frequency = 2}).size(), 256u);
}

TEST(TrainBpe, RefusesWhatCannotBe) {
  quiver::Run run;
  const Texts texts{"some text"};
  EXPECT_THAT(error_of(train_bpe(texts, {.vocabulary = 255}, run)), HasSubstr("no room for 0 special tokens and an"));
  EXPECT_THAT(error_of(train_bpe({}, {}, run)), HasSubstr("none of 0 texts holds a word"));
  EXPECT_THAT(error_of(train_bpe(texts, {.special = {.tokens = {"a", "a"}}}, run)), HasSubstr("'a' is named twice"));
  EXPECT_THAT(error_of(train_bpe(texts, {.special = {.tokens = {""}}}, run)), HasSubstr("special token is empty"));
  EXPECT_THAT(error_of(train_bpe(texts, {.special = {.tokens = {"a"}, .begin = "b"}}, run)),
              HasSubstr("'b' is to stand at an end of texts but is no special token"));
  run.cancel();
  const auto cancelled = train_bpe(texts, {}, run);
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
