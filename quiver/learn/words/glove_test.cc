#include "quiver/learn/words/glove.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kGloveSeed = 6;

// Products of known vectors, from which GloVe should find their logarithms again.
std::vector<Cooccurrence> planted(std::size_t words) {
  std::vector<Cooccurrence> pairs;
  std::vector<double> a(words), b(words);
  Random random(kGloveSeed, 1);
  for (std::size_t w = 0; w < words; ++w) {
    a[w] = static_cast<double>(random.normal());
    b[w] = static_cast<double>(random.normal());
  }
  for (std::uint32_t i = 0; i < words; ++i) {
    for (std::uint32_t j = 0; j < words; ++j) {
      pairs.push_back({i, j, static_cast<float>(std::exp(a[i] * a[j] - b[i] * b[j] + 1))});
    }
  }
  return pairs;
}

// The whole training against the same in double, pair by pair in the same order.
TEST(Glove, IsTheSlowTrainingOfThePaper) {
  const std::vector<Cooccurrence> pairs{{0, 1, 3}, {1, 0, 3}, {2, 1, 0.5F}, {1, 2, 0.5F}, {2, 2, 150}};
  constexpr std::size_t kWords = 3, kDim = 4;
  const GloveTraining options{.dim = kDim, .epochs = 3, .rate = 0.05};
  quiver::Run run(RunOptions{.seed = kGloveSeed, .threads = 1});
  const auto learned = train_glove(pairs, kWords, options, run);
  ASSERT_TRUE(learned.has_value()) << learned.error().message();

  LearnedRows start_words(kWords, kDim, Descent::Sgd), start_contexts(kWords, kDim, Descent::Sgd);
  start_words.fill(0.5F / kDim, kGloveSeed, stream_of("glove words"));
  start_contexts.fill(0.5F / kDim, kGloveSeed, stream_of("glove contexts"));
  struct Slow {  // a vector and, as its last number, the bias
    std::vector<double> value, squares;
    void move(const std::vector<double>& gradient) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        squares[i] += gradient[i] * gradient[i];
        value[i] -= 0.05 * gradient[i] / std::sqrt(squares[i]);
      }
    }
  };
  std::vector<Slow> words, contexts;
  for (std::size_t i = 0; i < kWords; ++i) {
    const auto of = [&](const LearnedRows& start) {
      Slow slow{std::vector<double>(start.row(i), start.row(i) + kDim), std::vector<double>(kDim + 1, 1e-8)};
      slow.value.push_back(0);
      return slow;
    };
    words.push_back(of(start_words));
    contexts.push_back(of(start_contexts));
  }
  std::vector<Cooccurrence> mixed = pairs;
  Random(kGloveSeed, stream_of("glove pairs")).shuffle(std::span(mixed));
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    double loss = 0;
    for (const Cooccurrence& pair : mixed) {
      Slow &w = words[pair.word], &c = contexts[pair.context];
      const double x = static_cast<double>(pair.count), f = std::min(1.0, std::pow(x / 100, 0.75));
      double off = w.value[kDim] + c.value[kDim] - std::log(x);
      for (std::size_t i = 0; i < kDim; ++i) off += w.value[i] * c.value[i];
      loss += f * off * off / 2;
      std::vector<double> of_word(kDim + 1, f * off), of_context(kDim + 1, f * off);
      for (std::size_t i = 0; i < kDim; ++i) {
        of_word[i] *= c.value[i];
        of_context[i] *= w.value[i];
      }
      w.move(of_word);
      c.move(of_context);
    }
    EXPECT_NEAR(learned->held_out_losses[epoch], loss / static_cast<double>(mixed.size()), 1e-3) << "epoch " << epoch;
  }
  for (std::size_t w = 0; w < kWords; ++w) {
    for (std::size_t i = 0; i < kDim; ++i) {
      EXPECT_NEAR(static_cast<double>(learned->words.row(w)[i]), words[w].value[i] + contexts[w].value[i], 2e-3);
    }
  }
}

TEST(Glove, FindsPlantedLogarithms) {
  const std::vector<Cooccurrence> pairs = planted(25);
  for (const Descent descent : {Descent::AdaGrad, Descent::Sgd}) {
    quiver::Run run(RunOptions{.seed = kGloveSeed, .threads = 2});
    const auto learned = train_glove(pairs, 25, {.dim = 8, .epochs = 60, .full_weight = 1, .descent = descent}, run);
    ASSERT_TRUE(learned.has_value()) << learned.error().message();
    EXPECT_LT(learned->held_out_losses.back(), 0.1 * learned->held_out_losses.front()) << "seed " << kGloveSeed;
  }
}

TEST(Glove, SaysWhatItCannotLearnFrom) {
  quiver::Run run(RunOptions{.seed = kGloveSeed, .threads = 1});
  const std::vector<Cooccurrence> pairs{{0, 1, 3}};
  const auto message = [&](std::span<const Cooccurrence> of, std::size_t words, const GloveTraining& options) {
    const auto result = train_glove(of, words, options, run);
    return result.has_value() ? std::string("none") : result.error().message();
  };
  EXPECT_NE(message({}, 2, {}).find("no words stand together"), std::string::npos);
  EXPECT_NE(message(pairs, 1, {}).find("(0, 1, 3)"), std::string::npos);
  EXPECT_NE(message(pairs, 2, {.dim = 0}).find("dim 0"), std::string::npos);
  EXPECT_NE(message(planted(25), 25, {.rate = 1e20, .descent = Descent::Sgd}).find("smaller rate"), std::string::npos);
  run.cancel();
  const auto stopped = train_glove(pairs, 2, {}, run);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::learn
