// Texts as bags of their words, for classifiers that know nothing of order.
//
//   const std::vector<float> inverse = inverse_frequencies(train, words);
//   const SparseRows bags = tf_idf(test, inverse);                 // rows of unit length
//   const Matrix means = mean_vectors(test, vectors.view());       // (texts, dim)
//
// tf_idf   (1 + log count) * log(texts to learn from / those with the word); a word that none of them has counts 0
// Thread-safety: pure functions. Requires: word numbers below `words`, or the rows of `vectors`.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/rows.h"

namespace quiver::recipes {

using WordNumbers = std::vector<std::uint32_t>;  // of one text

std::vector<float> inverse_frequencies(const std::vector<WordNumbers>& texts, std::size_t words);
SparseRows tf_idf(const std::vector<WordNumbers>& texts, const std::vector<float>& inverse);
Matrix mean_vectors(const std::vector<WordNumbers>& texts, MatrixView vectors);  // zeros for a text without words

}  // namespace quiver::recipes
