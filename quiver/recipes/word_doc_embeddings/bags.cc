#include "quiver/recipes/word_doc_embeddings/bags.h"

#include <cmath>
#include <map>
#include <set>

namespace quiver::recipes {

std::vector<float> inverse_frequencies(const std::vector<WordNumbers>& texts, std::size_t words) {
  std::vector<double> texts_with(words, 0);
  for (const WordNumbers& text : texts) {
    for (const std::uint32_t word : std::set<std::uint32_t>(text.begin(), text.end())) texts_with[word] += 1;
  }
  std::vector<float> out;
  for (const double count : texts_with) {
    out.push_back(count == 0 ? 0 : static_cast<float>(std::log(static_cast<double>(texts.size()) / count)));
  }
  return out;
}

SparseRows tf_idf(const std::vector<WordNumbers>& texts, const std::vector<float>& inverse) {
  SparseRows out;
  out.dims = inverse.size();
  for (const WordNumbers& text : texts) {
    std::map<std::uint32_t, double> bag;  // first counts, then weights
    for (const std::uint32_t word : text) bag[word] += 1;
    double square = 0;
    for (auto& [word, value] : bag) {
      value = (1 + std::log(value)) * static_cast<double>(inverse[word]);
      square += value * value;
    }
    for (const auto& [word, value] : bag) {
      out.terms.push_back(word);
      out.weights.push_back(square > 0 ? static_cast<float>(value / std::sqrt(square)) : 0);
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  return out;
}

Matrix mean_vectors(const std::vector<WordNumbers>& texts, MatrixView vectors) {
  Matrix out(texts.size(), vectors.cols);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto share = 1 / static_cast<float>(texts[i].size());
    for (const std::uint32_t word : texts[i]) {
      for (std::size_t j = 0; j < vectors.cols; ++j) out.row(i)[j] += share * vectors.row(word)[j];
    }
  }
  return out;
}

}  // namespace quiver::recipes
