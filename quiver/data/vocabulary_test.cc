#include "quiver/data/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Vocabulary, OrdersByCountThenBytes) {
  VocabularyBuilder builder;
  for (const char* word : {"b", "a", "c", "c", "é", "b"}) builder.add(word);
  builder.add("rare", 0);
  const Vocabulary all = builder.build({.min_count = 1});
  EXPECT_THAT(all.words().to_vector(), ElementsAre("b", "c", "a", "é"));
  EXPECT_EQ(all.find("b"), 0u);
  EXPECT_EQ(all.find("é"), 3u);
  EXPECT_EQ(all.find("rare"), kNoWord);
  EXPECT_EQ(all.find(""), kNoWord);
  EXPECT_EQ(all.count(0), 2u);
  EXPECT_THAT(builder.build({.min_count = 2}).words().to_vector(), ElementsAre("b", "c"));
  EXPECT_THAT(builder.build({.max_size = 3}).words().to_vector(), ElementsAre("b", "c", "a"));
  EXPECT_EQ(Vocabulary().find("x"), kNoWord);
}

TEST(Vocabulary, FindsEveryWordOfALargeOne) {
  VocabularyBuilder builder;
  for (int i = 0; i < 5000; ++i) builder.add("w" + std::to_string(i), static_cast<std::uint64_t>(1 + i % 7));
  const Vocabulary vocabulary = builder.build();
  ASSERT_EQ(vocabulary.size(), 5000u);
  for (std::uint32_t id = 0; id < 5000; ++id) {
    EXPECT_EQ(vocabulary.find(vocabulary.word(id)), id);
    EXPECT_GE(vocabulary.count(id == 0 ? 0 : id - 1), vocabulary.count(id));
  }
  EXPECT_EQ(vocabulary.find("w5000"), kNoWord);
}

TEST(Vocabulary, SurvivesItsText) {
  VocabularyBuilder builder;
  for (const char* word : {"lion", "tiger", "lion", "with space", ""}) builder.add(word);
  const Vocabulary before = builder.build();
  const std::string text = before.to_text();
  const Vocabulary after = *Vocabulary::from_text(text);
  EXPECT_EQ(after.to_text(), text);
  EXPECT_EQ(after.find("lion"), 0u);
  EXPECT_EQ(after.find(""), before.find(""));
  EXPECT_EQ(Vocabulary::from_text("")->size(), 0u);
}

TEST(Vocabulary, DamagedTextIsNamedByLine) {
  EXPECT_THAT(error_of(Vocabulary::from_text("a\t1\nb 2\n")), HasSubstr("line 2 is not 'word<TAB>count'"));
  EXPECT_THAT(error_of(Vocabulary::from_text("a\tx\n")), HasSubstr("line 1 is not"));
  EXPECT_THAT(error_of(Vocabulary::from_text("a\t99999999999999999999\n")), HasSubstr("line 1 is not"));
  EXPECT_THAT(error_of(Vocabulary::from_text("a\t1\na\t1\n")), HasSubstr("line 2 repeats the word 'a'"));
  EXPECT_THAT(error_of(Vocabulary::from_text("a\t1")), HasSubstr("line 1 does not end"));
  const std::string text = "lion\t2\ntiger\t1\n";
  internal::read_damaged(
      text,
      [](const std::string& damaged) {
        auto result = Vocabulary::from_text(damaged);
        if (result.has_value() && result->size() == 0) return Result<Vocabulary>(Error::corruption("empty"));
        return result;
      },
      5);
}

}  // namespace
}  // namespace quiver
