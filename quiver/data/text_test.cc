#include "quiver/data/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "quiver/core/random.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Text, FoldsCaseAndCompatibilityForms) {
  EXPECT_EQ(fold_text("Hello, World 42"), "hello, world 42");
  EXPECT_EQ(fold_text("Straße"), "strasse");
  EXPECT_EQ(fold_text("ﬁne ＡＢＣ ①"), "fine abc 1");
  EXPECT_EQ(fold_text("e\u0301"), "é");
  EXPECT_EQ(fold_text("ΣΊΣΥΦΟΣ"), "σίσυφοσ");
  EXPECT_EQ(fold_text(""), "");
}

TEST(Text, InvalidUtf8IsReplacedNotTrusted) {
  EXPECT_EQ(fold_text("a\xFF"
                      "b"),
            "a\uFFFD"
            "b");
  EXPECT_EQ(fold_text("\xC3"), "\uFFFD");  // cut off
  EXPECT_THAT(words_of("caf\xC3\xA9 a\x80z \xF0\x9F"), ElementsAre("café", "a", "z"));
  EXPECT_THAT(words_of("\xED\xA0\x80"), IsEmpty());  // a surrogate
  EXPECT_THAT(words_of(std::string_view("a\0b", 3)), ElementsAre("a", "b"));
}

TEST(Text, CutsWords) {
  EXPECT_THAT(words_of("Don't STOP, No.5!"), ElementsAre("don", "t", "stop", "no", "5"));
  EXPECT_THAT(words_of(""), IsEmpty());
  EXPECT_THAT(words_of("  --- "), IsEmpty());
  EXPECT_THAT(words_of("x"), ElementsAre("x"));
  EXPECT_THAT(words_of("Ünïcode—naïve café"), ElementsAre("ünïcode", "naïve", "café"));
  EXPECT_THAT(words_of("日本語のテスト"), ElementsAre("日", "本", "語", "の", "テスト"));
  EXPECT_THAT(words_of("привет, мир2"), ElementsAre("привет", "мир2"));
}

TEST(Text, TheAsciiPathAgreesWithTheUnicodePath) {
  Random random(11);
  WordSplitter splitter;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(40); n > 0; --n) text.push_back(static_cast<char>(random.below(128)));
    const auto fast = words_of(text);
    auto slow = words_of(text + " é");  // one letter beyond ASCII takes the other path
    ASSERT_FALSE(slow.empty());
    slow.pop_back();
    EXPECT_EQ(fast, slow) << "seed 11, text " << i;
    const auto reused = splitter.split(text);
    EXPECT_EQ(fast, std::vector<std::string>(reused.begin(), reused.end()));
  }
}

TEST(Text, ChecksUtf8ByLine) {
  EXPECT_TRUE(check_utf8("").has_value());
  EXPECT_TRUE(check_utf8("a\nü\n").has_value());
  const std::string message = error_of(check_utf8("a\nb\nc\xE9\n"));
  EXPECT_THAT(message, HasSubstr("line 3 is not UTF-8 (byte 0xE9)"));
  EXPECT_THAT(message, HasSubstr("iconv"));
}

TEST(Stemmer, StemsEnglish) {
  Stemmer stemmer = *Stemmer::create();
  EXPECT_EQ(stemmer.language(), "english");
  const std::map<std::string, std::string> known = {{"running", "run"}, {"cats", "cat"},    {"relational", "relat"},
                                                    {"lion", "lion"},   {"hopping", "hop"}, {"", ""}};
  for (const auto& [word, stem] : known) EXPECT_EQ(stemmer.stem(word), stem);
  Stemmer german = *Stemmer::create("german");
  EXPECT_EQ(german.stem("häuser"), "haus");
  EXPECT_THAT(error_of(Stemmer::create("englich")), HasSubstr("no stemmer for 'englich', did you mean 'english'?"));
  EXPECT_THAT(Stemmer::languages(), ::testing::Contains("german"));
}

TEST(Ngrams, CountCodePointsNotBytes) {
  NgramSplitter ngrams(3, 4);
  EXPECT_THAT(ngrams.split("cat"), ElementsAre("<ca", "cat", "at>", "<cat", "cat>"));
  EXPECT_THAT(ngrams.split("é"), ElementsAre("<é>"));
  EXPECT_THAT(ngrams.split("né"), ElementsAre("<né", "né>", "<né>"));
  EXPECT_THAT(ngrams.split(""), IsEmpty());
  EXPECT_THAT(NgramSplitter(1, 1).split("ab"), ElementsAre("<", "a", "b", ">"));
  EXPECT_THAT(NgramSplitter(9, 9).split("short"), IsEmpty());
}

TEST(FeatureHash, IsFixedForever) {
  EXPECT_EQ(feature_hash("cat"), feature_hash("cat"));
  EXPECT_NE(feature_hash("cat"), feature_hash("cat", 1));
  EXPECT_NE(feature_hash(""), feature_hash(std::string_view("\0", 1)));
  // Written down: models store rows of tables picked by these.
  EXPECT_EQ(feature_hash(""), 14087677454934409008u);
  EXPECT_EQ(feature_hash("cat"), 870555677502330999u);
  // Low bits pick buckets evenly: 64 buckets of 200 on average, none beyond 5 standard deviations.
  std::vector<int> buckets(64);
  for (int i = 0; i < 12'800; ++i) ++buckets[feature_hash("word" + std::to_string(i)) % 64];
  for (const int count : buckets) EXPECT_NEAR(count, 200, 71);
}

}  // namespace
}  // namespace quiver
