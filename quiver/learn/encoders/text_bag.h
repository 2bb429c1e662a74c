// TextBag: the trainable text encoder that model/text_bag.h runs without torch. A text is a bag of features; the vector
// is the sum of its features' rows, each times a learned weight of the column it was read from.
//
//   v = sum over weightings c, features f of c:  weight[c][f] * table[f]                 v: (bags, dim), not yet unit
//
//   TextBag encoder(features, {.dim = 256, .weightings = {"query", "lemmas", "definition"}}, seed);
//   auto bags = std::make_shared<FeatureBags>();
//   encoder.append("a large cat", /*weighting=*/0, *bags); bags->close();        // one bag; its rows may mix
//   weightings Tensor v = encoder.forward(bags);                                        // objectives make it unit
//   length
//
// Before training the rows are random (normal, unit length in expectation) and the weights are inverse document
// frequencies: already a random projection of tf-idf, about as good as BM25, and a feature that training never saw
// still matches itself. Training should move the rows little (small rate) and the weights more. Invariants: bags that
// close() without a feature give the zero vector. Thread-safety: one owner while training. Cost: about 30 ns a feature
// and 256 dims, forward and backward; the gradient names only the rows of the batch.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/random.h"
#include "quiver/learn/tables/table.h"
#include "quiver/learn/tensor.h"
#include "quiver/model/text_features.h"

namespace quiver::learn {

// Features of a batch of texts, bag by bag.
struct FeatureBags {
  std::vector<std::size_t> offsets{0};   // bag i: entries offsets[i] .. offsets[i + 1]
  std::vector<std::uint32_t> features;   // rows of the table
  std::vector<std::uint8_t> weightings;  // which weight table each entry uses
  std::size_t size() const noexcept { return offsets.size() - 1; }
  void add(std::span<const std::uint32_t> rows, std::uint8_t weighting) {
    features.insert(features.end(), rows.begin(), rows.end());
    weightings.insert(weightings.end(), rows.size(), weighting);
  }
  void close() { offsets.push_back(features.size()); }
  // Word dropout: forgets each entry added since the last close() with probability `rate`, but not all of them.
  void drop(double rate, Random& random);
};

struct TextBagOptions {
  std::int64_t dim = 256;
  std::vector<std::string> weightings{"text"};
};

class TextBag {
 public:
  TextBag(TextFeatures features, const TextBagOptions& options, std::uint64_t seed);
  TextBag(const TextBag&) = delete;  // optimizers and backward passes point at it
  TextBag& operator=(const TextBag&) = delete;

  const TextFeatures& features() const noexcept { return features_; }
  Table& table() noexcept { return table_; }  // (rows, dim)
  const Table& table() const noexcept { return table_; }
  std::span<Table> weights() noexcept { return weights_; }  // (rows, 1) each, named "weights/NAME"
  std::span<const Table> weights() const noexcept { return weights_; }

  void append(std::string_view text, std::uint8_t weighting, FeatureBags& bags);  // close() ends the bag
  // (bags, dim). Its backward pass accumulates into the tables. Requires: this outlives the backward pass.
  Tensor forward(std::shared_ptr<const FeatureBags> bags);

 private:
  void backward(const FeatureBags& bags, const Tensor& gradient);
  TextFeatures features_;
  TextFeatures::Scratch scratch_;
  std::vector<std::uint32_t> ids_;
  Table table_;
  std::vector<Table> weights_;
};

}  // namespace quiver::learn
