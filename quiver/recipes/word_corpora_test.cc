#include "quiver/recipes/word_corpora.h"

#include <gtest/gtest.h>

namespace quiver::recipes {
namespace {

template <class T>
std::string message_of(const Result<T>& result) {
  return result.has_value() ? std::string("none") : result.error().message();
}

TEST(WordCorpora, BrownTagsAreTheirFirstPart) {
  const auto sentences = parse_brown("\n\n\tThe/at Fulton/np-tl jury's/nn$ --/-- can't/md*\n\nNo/rb 1/2/cd\n", "ca01");
  ASSERT_TRUE(sentences.has_value()) << sentences.error().message();
  ASSERT_EQ(sentences->size(), 2U);
  EXPECT_EQ((*sentences)[0].words, (std::vector<std::string>{"The", "Fulton", "jury's", "--", "can't"}));
  EXPECT_EQ((*sentences)[0].tags, (std::vector<std::string>{"at", "np", "nn", "-", "md"}));
  EXPECT_EQ((*sentences)[1].words[1], "1/2");
  EXPECT_EQ(texts_of(*sentences, 1), (std::vector<std::string>{"The Fulton jury's -- can't \n", "No 1/2 \n"}));
  EXPECT_EQ(texts_of(*sentences, 5).size(), 1U);
  EXPECT_NE(message_of(parse_brown("a/at\nword", "ca01")).find("ca01 line 2: 'word'"), std::string::npos);
}

TEST(WordCorpora, WikipediaIsArticlesWithoutTitlesAndRedirects) {
  const auto articles = parse_wikipedia(
      "<doc id=\"1\" title=\"Tacitus\">\nTacitus\n\n\n</doc>\n<doc id=\"2\">\nShaw\n\nR&amp;B &amp;lt; "
      "x\nNext.\n\n</doc>\n");
  EXPECT_EQ(articles, (std::vector<std::string>{"R&B &lt; x\nNext."}));
  EXPECT_TRUE(parse_wikipedia("").empty());
}

TEST(WordCorpora, SentimentIsALabelAndASentence) {
  const auto sentences = parse_sentiment("3    The  Rock\n0 \t bad . \n", "train");
  ASSERT_TRUE(sentences.has_value()) << sentences.error().message();
  EXPECT_EQ((*sentences)[0].text, "The Rock");
  EXPECT_EQ((*sentences)[0].label, 3U);
  EXPECT_EQ((*sentences)[1].text, "bad .");
  EXPECT_NE(message_of(parse_sentiment("3 fine\n5 x", "train")).find("train line 2"), std::string::npos);
}

TEST(WordCorpora, SynonymsAreQuestionsOfFourChoices) {
  const auto questions = parse_synonyms("1.\tenormously\na.\tx\nb.\ty\nc.\ttremendously\nd.\tz\nc\n\n", "toefl");
  ASSERT_TRUE(questions.has_value()) << questions.error().message();
  ASSERT_EQ(questions->size(), 1U);
  EXPECT_EQ((*questions)[0].word, "enormously");
  EXPECT_EQ((*questions)[0].choices[(*questions)[0].answer], "tremendously");
  EXPECT_NE(message_of(parse_synonyms("1.\tone\na.\tx\n", "toefl")).find("not whole"), std::string::npos);
  EXPECT_NE(message_of(parse_synonyms("1.\tone\na.\tx\nb.\ty\nc.\tz\nd.\tz\ne\n", "toefl")).find("toefl line 6"),
            std::string::npos);
  EXPECT_NE(message_of(parse_synonyms("1.\n", "toefl")).find("toefl line 1"), std::string::npos);
}

TEST(WordCorpora, ThePublicFilesAreAsTheyWere) {
  const auto brown = open_brown();
  if (!brown.has_value()) GTEST_SKIP() << brown.error().message();
  EXPECT_EQ(brown->size(), 57340U);
  const auto reviews = open_reviews();
  ASSERT_TRUE(reviews.has_value()) << reviews.error().message();
  EXPECT_EQ(reviews->size(), 2000U);
  EXPECT_TRUE(reviews->back().positive);
  const auto synonyms = open_synonyms();
  if (!synonyms.has_value()) GTEST_SKIP() << synonyms.error().message();
  EXPECT_EQ(synonyms->size(), 80U);
  EXPECT_EQ(open_sentiment(Part::Train)->size(), 8544U);
  EXPECT_EQ(open_sentiment(Part::Validation)->size(), 1101U);
  EXPECT_EQ(open_sentiment(Part::Test)->size(), 2210U);
}

}  // namespace
}  // namespace quiver::recipes
