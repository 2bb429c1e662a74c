#include "quiver/learn/words/word_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace quiver::learn {
namespace {

WordCharacters three_words() {  // of two characters, of one, of none
  WordCharacters characters{.count = 3};
  characters.add(std::vector<std::uint32_t>{0, 2});
  characters.add(std::vector<std::uint32_t>{2});
  characters.add({});
  return characters;
}

TEST(WordInputs, AreTheTablesRowsWithoutCharacters) {
  WordInputs inputs(3, 7, Descent::Sgd, nullptr, 5);
  EXPECT_EQ(inputs.vector(2, nullptr), inputs.words().row(2));
  EXPECT_EQ(inputs.padding(), 3U);
  EXPECT_EQ(inputs.characters(), nullptr);
  EXPECT_EQ(inputs.composed().rows(), 3U);
  const std::vector<float> downhill(7, 1);
  const float before = inputs.words().row(1)[3];
  inputs.move(1, downhill.data(), 0.5F);
  EXPECT_FLOAT_EQ(inputs.words().row(1)[3], before + 0.5F);
}

TEST(WordInputs, AreHalfTheWordAndHalfItsCharacters) {
  const WordCharacters characters = three_words();
  WordInputs inputs(3, 7, Descent::Sgd, &characters, 5);
  const Matrix before_words = Matrix::copy_of(inputs.words().values().view());
  const Matrix before_letters = Matrix::copy_of(inputs.characters()->values().view());
  const Matrix all = inputs.composed();
  const std::vector<float> downhill{1, 2, 3, 4, 5, 6, 7};
  for (const std::uint32_t word : {0U, 1U, 2U, inputs.padding()}) inputs.move(word, downhill.data(), 0.1F);
  for (std::size_t i = 0; i < 7; ++i) {
    const auto w = [&](std::size_t row) { return before_words.row(row)[i]; };
    const auto c = [&](std::size_t row) { return before_letters.row(row)[i]; };
    EXPECT_FLOAT_EQ(all.row(0)[i], (w(0) + (c(0) + c(2)) / 2) / 2);
    EXPECT_FLOAT_EQ(all.row(1)[i], (w(1) + c(2)) / 2);
    EXPECT_EQ(all.row(2)[i], w(2));
    const float step = 0.1F * downhill[i];
    EXPECT_FLOAT_EQ(inputs.words().row(0)[i], w(0) + step / 2);
    EXPECT_FLOAT_EQ(inputs.words().row(2)[i], w(2) + step);
    EXPECT_FLOAT_EQ(inputs.words().row(3)[i], w(3) + step);
    EXPECT_FLOAT_EQ(inputs.characters()->row(0)[i], c(0) + step / 4);
    EXPECT_EQ(inputs.characters()->row(1)[i], c(1));
    EXPECT_FLOAT_EQ(inputs.characters()->row(2)[i], c(2) + step / 4 + step / 2);
  }
}

TEST(WordInputs, ACharacterIsThreeByPlace) {
  EXPECT_EQ(characters_by_place({}), std::vector<std::uint32_t>{});
  EXPECT_EQ(characters_by_place(std::vector<std::uint32_t>{4}), std::vector<std::uint32_t>{12});
  EXPECT_EQ(characters_by_place(std::vector<std::uint32_t>{4, 4, 4, 4}), (std::vector<std::uint32_t>{12, 13, 13, 14}));
}

}  // namespace
}  // namespace quiver::learn
