// Every composer against finite differences of its own loss, with and without characters: a step of gradient descent
// with the same draws moves each parameter by the rate times its downhill gradient.
#include "quiver/learn/words/composers/composer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace quiver::learn {
namespace {
constexpr std::uint64_t kComposerSeed = 4;
constexpr std::size_t kVocabulary = 23;

class EveryComposer : public testing::TestWithParam<ComposerKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EveryComposer, testing::ValuesIn(kComposers),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

WordCharacters letters_of_words() {
  WordCharacters letters{.count = 7};
  Random random(kComposerSeed, 9);
  for (std::size_t w = 0; w < kVocabulary; ++w) {
    std::vector<std::uint32_t> ids(random.below(4));
    for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random.below(7));
    letters.add(ids);
  }
  return letters;
}

void check_gradients(ComposerKind kind, const WordCharacters* letters) {
  const NegativeSampler negatives(std::vector<std::uint64_t>(kVocabulary, 2), 0.75);
  const auto composer = make_composer(
      kind, {.words = negatives, .dim = 5, .window = 2, .negatives = 3, .hidden = 6, .characters = letters, .seed = 3});
  std::uint64_t stream = 50;
  for (LearnedRows* table : composer->tables()) table->fill(0.6F, kComposerSeed, ++stream);
  const std::vector<Around> around{{4, 0}, {9, 2}, {11, 3}};  // place 1 is empty: padding
  const Position position{.word = 6, .around = around};
  const auto loss = [&] {
    Worker worker = composer->worker(Random(kComposerSeed, 1));
    worker.learning = false;
    return composer->visit(position, worker);
  };
  std::vector<Matrix> before;
  for (LearnedRows* table : composer->tables()) before.push_back(Matrix::copy_of(table->values().view()));
  constexpr float kRate = 1e-3F, kStep = 5e-3F;
  Worker worker = composer->worker(Random(kComposerSeed, 1));
  worker.rate = kRate;
  composer->visit(position, worker);
  std::vector<Matrix> moved;
  for (LearnedRows* table : composer->tables()) {
    const std::size_t t = moved.size();
    moved.push_back(Matrix::copy_of(table->values().view()));
    for (std::size_t r = 0; r < table->size(); ++r) std::ranges::copy(before[t].row(r), table->values().row(r).begin());
  }
  // Skip-gram measures a mean of terms and steps on each; CBOW moves each context word by the gradient of the mean.
  const auto n = static_cast<double>(around.size());
  const double all = kind == ComposerKind::SkipGram ? n : 1, inputs = kind == ComposerKind::Cbow ? n : 1;
  const std::size_t input_tables = letters == nullptr ? 1 : 2;
  std::size_t moving = 0;
  for (std::size_t t = 0; t < moved.size(); ++t) {
    LearnedRows& table = *composer->tables()[t];
    for (std::size_t r = 0; r < table.size(); ++r) {
      for (std::size_t j = 0; j < table.cols(); ++j) {
        float& x = table.values().row(r)[j];
        const float old = x;
        x = old + kStep;
        const double above = loss();
        x = old - kStep;
        const double below = loss();
        x = old;
        const double downhill =
            (below - above) / (2 * static_cast<double>(kStep)) * all * (t < input_tables ? inputs : 1);
        const double change = static_cast<double>(moved[t].row(r)[j] - old) / static_cast<double>(kRate);
        EXPECT_NEAR(change, downhill, 0.006 + 0.01 * std::abs(downhill))
            << name_of(kind) << " table " << t << " row " << r << " column " << j << " seed " << kComposerSeed;
        moving += std::abs(change) > 0.01 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(moving, 30U);
}

TEST_P(EveryComposer, StepsDownItsGradient) { check_gradients(GetParam(), nullptr); }

TEST_P(EveryComposer, StepsDownItsGradientWithCharacters) {
  const WordCharacters letters = letters_of_words();
  check_gradients(GetParam(), &letters);
}

TEST_P(EveryComposer, MeasuresWithoutMoving) {
  const NegativeSampler negatives(std::vector<std::uint64_t>(kVocabulary, 2), 0.75);
  const auto composer = make_composer(GetParam(), {.words = negatives, .dim = 5, .window = 2, .hidden = 6});
  const Matrix before = Matrix::copy_of(composer->inputs().words().values().view());
  Worker worker = composer->worker(Random(1, 1));
  worker.learning = false;
  worker.rate = 1;
  const std::vector<Around> around{{4, 1}};
  EXPECT_GT(composer->visit({.word = 3, .around = around}, worker), 0);
  for (std::size_t r = 0; r < before.rows(); ++r) {
    EXPECT_TRUE(std::ranges::equal(before.row(r), composer->inputs().words().values().row(r)));
  }
}

TEST(Composer, NamesAreThoseOfThePaper) {
  EXPECT_EQ(name_of(ComposerKind::SkipGram), "sg");
  EXPECT_EQ(name_of(ComposerKind::ScoredWindow), "cw");
}

}  // namespace
}  // namespace quiver::learn
