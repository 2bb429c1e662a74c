#include "quiver/recipes/word_doc_embeddings/bags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace quiver::recipes {
namespace {
using testing::ElementsAre;
using testing::FloatNear;

TEST(Bags, WeighWordsByHowRareTheyAre) {
  const std::vector<WordNumbers> texts{{0, 1, 0, 0}, {0, 2}, {2}, {}};
  const std::vector<float> inverse = inverse_frequencies(texts, 4);
  EXPECT_THAT(inverse, ElementsAre(FloatNear(std::log(2.0F), 1e-6F), FloatNear(std::log(4.0F), 1e-6F),
                                   FloatNear(std::log(2.0F), 1e-6F), 0.0F));
  const SparseRows bags = tf_idf({{1, 0, 0, 0}, {3}, {}}, inverse);
  EXPECT_EQ(bags.offsets, (std::vector<std::uint32_t>{0, 2, 3, 3}));
  EXPECT_EQ(bags.terms, (std::vector<std::uint32_t>{0, 1, 3}));
  const double a = (1 + std::log(3.0)) * std::log(2.0), b = std::log(4.0), norm = std::hypot(a, b);
  EXPECT_NEAR(bags.weights[0], a / norm, 1e-6);
  EXPECT_NEAR(bags.weights[1], b / norm, 1e-6);
  EXPECT_EQ(bags.weights[2], 0);
}

TEST(Bags, MeansAreOfTheWordsThereAre) {
  Matrix vectors(2, 2);
  vectors.row(0)[0] = 3;
  vectors.row(1)[1] = 6;
  const Matrix means = mean_vectors({{0, 1, 1}, {}, {1}}, vectors.view());
  EXPECT_THAT(means.row(0), ElementsAre(FloatNear(1, 1e-6F), FloatNear(4, 1e-6F)));
  EXPECT_THAT(means.row(1), ElementsAre(0.0F, 0.0F));
  EXPECT_THAT(means.row(2), ElementsAre(0.0F, 6.0F));
}

}  // namespace
}  // namespace quiver::recipes
