#include "quiver/learn/words/word_vectors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kSeed = 9;
constexpr std::uint32_t kTopics = 4, kWordsATopic = 10;

struct Text {
  std::vector<std::uint32_t> tokens;
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(std::size_t{kTopics} * kWordsATopic, 0);
};
// Sentences of eight words, all of one topic.
Text topics(std::size_t sentences) {
  Text text;
  Random random(kSeed, 3);
  for (std::size_t s = 0; s < sentences; ++s) {
    const auto topic = static_cast<std::uint32_t>(random.below(kTopics));
    for (int i = 0; i < 8; ++i) {
      text.tokens.push_back(topic * kWordsATopic + static_cast<std::uint32_t>(random.below(kWordsATopic)));
      ++text.counts[text.tokens.back()];
    }
    text.tokens.push_back(kNoWord);
  }
  return text;
}
WordTraining small(ComposerKind composer) {
  return {.composer = composer,
          .dim = 19,
          .window = 3,
          .negatives = 4,
          .epochs = 4,
          .hidden = 21,
          .rate = 0.05,
          .sample = 0};
}
WordVectors learned(const Text& text, const WordTraining& options, unsigned threads = 1) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = threads});
  auto result = train_words(text.tokens, text.counts, options, run);
  EXPECT_TRUE(result.has_value()) << result.error().message();
  return *std::move(result);
}
double cosine(const Matrix& m, std::size_t a, std::size_t b) {
  double dot = 0, x = 0, y = 0;
  for (std::size_t j = 0; j < m.cols(); ++j) {
    const double u = static_cast<double>(m.row(a)[j]), v = static_cast<double>(m.row(b)[j]);
    dot += u * v;
    x += u * u;
    y += v * v;
  }
  return dot / std::sqrt(x * y);
}
// Part of the words whose nearest other word is of their topic.
double of_one_topic(const Matrix& words) {
  double right = 0;
  for (std::size_t a = 0; a < words.rows(); ++a) {
    std::size_t best = a == 0 ? 1 : 0;
    for (std::size_t b = 0; b < words.rows(); ++b) {
      if (b != a && cosine(words, a, b) > cosine(words, a, best)) best = b;
    }
    right += best / kWordsATopic == a / kWordsATopic ? 1 : 0;
  }
  return right / static_cast<double>(words.rows());
}

TEST(WordVectors, WordsOfOneTopicComeTogether) {
  const Text text = topics(4000);
  for (const ComposerKind composer : kComposers) {
    for (const Descent descent : {Descent::Sgd, Descent::AdaGrad}) {
      WordTraining options = small(composer);
      options.descent = descent;
      if (descent == Descent::AdaGrad) options.rate = 0.1;
      const WordVectors result = learned(text, options);
      const std::string what =
          fmt::format("{} by {}, seed {}", name_of(composer), descent == Descent::Sgd ? "descent" : "AdaGrad", kSeed);
      EXPECT_EQ(result.words.rows(), text.counts.size()) << what;
      EXPECT_EQ(result.words.cols(), 19U) << what;
      EXPECT_GE(of_one_topic(result.words), 0.95) << what;
      ASSERT_EQ(result.held_out_losses.size(), 4U) << what;
      EXPECT_LT(result.held_out_losses.back(), result.held_out_losses.front()) << what;
      if (composer != ComposerKind::ScoredWindow) {
        EXPECT_LT(result.held_out_losses.back(), 5 * std::log(2.0)) << what << ": no better than knowing nothing";
        EXPECT_EQ(result.outputs.rows(), text.counts.size()) << what;
      }
    }
  }
}

// Only Order can tell the word before from the word after.
TEST(WordVectors, OrderKnowsWhichSideAWordStandsOn) {
  Text text;
  text.counts.assign(4, 0);
  Random random(kSeed, 4);
  for (int s = 0; s < 4000; ++s) {  // "0 2 1" and "1 3 0": the middle depends on the sides' order alone
    const bool turned = random.below(2) == 1;
    for (const std::uint32_t word : {turned ? 1U : 0U, turned ? 3U : 2U, turned ? 0U : 1U}) {
      text.tokens.push_back(word);
      ++text.counts[word];
    }
    text.tokens.push_back(kNoWord);
  }
  WordTraining options = small(ComposerKind::Order);
  options.window = 1;
  options.shrink = false;
  const double order = learned(text, options).held_out_losses.back();
  options.composer = ComposerKind::Cbow;
  EXPECT_LT(order + 0.2, learned(text, options).held_out_losses.back());
}

TEST(WordVectors, OneThreadRepeatsItselfAndSeveralLearnAsWell) {
  const Text text = topics(20000);  // enough to be worth three threads
  WordTraining options = small(ComposerKind::SkipGram);
  options.epochs = 1;
  const WordVectors once = learned(text, options);
  options.deterministic = true;
  const WordVectors again = learned(text, options, 3);
  for (std::size_t i = 0; i < once.words.rows(); ++i) {
    ASSERT_TRUE(std::ranges::equal(once.words.row(i), again.words.row(i)));
  }
  options.deterministic = false;
  const WordVectors together = learned(text, options, 3);
  EXPECT_GE(of_one_topic(together.words), 0.95) << "seed " << kSeed;
  EXPECT_NEAR(together.held_out_losses.back(), once.held_out_losses.back(), 0.1) << "seed " << kSeed;
}

TEST(WordVectors, CharactersOfWordsAreLearnedWithThem) {
  const Text text = topics(4000);
  WordCharacters characters{.count = kTopics + 1};  // one that all words have, and the topic's own
  for (std::uint32_t w = 0; w < kTopics * kWordsATopic; ++w) {
    characters.add(std::vector<std::uint32_t>{kTopics, w / kWordsATopic});
  }
  for (const ComposerKind composer : {ComposerKind::SkipGram, ComposerKind::Cbow, ComposerKind::Order}) {
    WordTraining options = small(composer);
    options.characters = &characters;
    const WordVectors result = learned(text, options);
    EXPECT_GE(of_one_topic(result.words), 0.95) << name_of(composer) << " seed " << kSeed;
    ASSERT_EQ(result.characters.rows(), characters.count);
    for (std::size_t topic = 0; topic < kTopics; ++topic) {  // a topic's character is like its words
      double own = 0, others = 0;
      for (std::size_t w = 0; w < result.words.rows(); ++w) {
        double dot = 0;
        for (std::size_t j = 0; j < result.words.cols(); ++j) {
          dot += static_cast<double>(result.words.row(w)[j] * result.characters.row(topic)[j]);
        }
        (w / kWordsATopic == topic ? own : others) += dot;
      }
      EXPECT_GT(own / kWordsATopic, others / (kWordsATopic * (kTopics - 1))) << name_of(composer) << " topic " << topic;
    }
  }
}

TEST(WordVectors, FrequentWordsAreKeptByChance) {
  const std::vector<std::uint64_t> counts{9000, 990, 10, 0};
  const std::vector<float> keep = keep_chances(counts, 0.01);
  EXPECT_NEAR(keep[0], std::sqrt(0.01F / 0.9F) + 0.01F / 0.9F, 1e-6F);
  EXPECT_NEAR(keep[1], std::sqrt(0.01F / 0.099F) + 0.01F / 0.099F, 1e-6F);
  EXPECT_EQ(keep[2], 1);
  EXPECT_EQ(keep[3], 1);
  EXPECT_EQ(keep_chances(counts, 0), std::vector<float>(4, 1));
}

TEST(WordVectors, FrequentWordsAreLeftOutAndSentencesKeepApart) {
  Text text = topics(2000);
  WordTraining options = small(ComposerKind::SkipGram);
  options.sample = 1e-2;
  EXPECT_GE(of_one_topic(learned(text, options).words), 0.9) << "seed " << kSeed;
  // Sentences of one word have no context: vectors stay where they started, outputs at zero.
  for (std::size_t i = 1; i < text.tokens.size(); i += 2) text.tokens[i] = kNoWord;
  text.counts.assign(text.counts.size(), 1);
  const WordVectors alone = learned(text, options);
  for (const float x : alone.outputs.row(0)) EXPECT_EQ(x, 0);
  EXPECT_EQ(alone.held_out_losses.back(), 0);
}

TEST(WordVectors, SayWhatTheyCannotLearnFrom) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 1});
  const Text text = topics(100);
  const auto message = [&](std::span<const std::uint32_t> tokens, const WordTraining& options) {
    const auto result = train_words(tokens, text.counts, options, run);
    return result.has_value() ? std::string("none") : result.error().message();
  };
  EXPECT_NE(message({}, {}).find("no tokens"), std::string::npos);
  EXPECT_NE(message(std::vector<std::uint32_t>{kNoWord}, {}).find("no tokens"), std::string::npos);
  EXPECT_NE(message(std::vector<std::uint32_t>{40}, {}).find("token 40"), std::string::npos);
  EXPECT_NE(message(text.tokens, {.dim = 0}).find("dim 0"), std::string::npos);
  EXPECT_NE(message(text.tokens, {.rate = -1}).find("rate -1"), std::string::npos);
  EXPECT_NE(message(text.tokens, {.negatives = 64}).find("at most 63"), std::string::npos);
  const WordCharacters none;
  EXPECT_NE(message(text.tokens, {.characters = &none}).find("characters of 0 words"), std::string::npos);
  EXPECT_NE(message(text.tokens, {.composer = ComposerKind::Cbow, .rate = 1e30}).find("smaller rate"),
            std::string::npos);
  run.cancel();
  const auto stopped = train_words(text.tokens, text.counts, {}, run);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::learn
