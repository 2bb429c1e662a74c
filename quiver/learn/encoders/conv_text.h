// ConvText: a convolutional encoder of texts (Kim, "Convolutional neural networks for sentence classification", EMNLP
// 2014): filters look at every few words that stand together, and the strongest answer of each is kept.
//
//   y_i = f(W_k [e(w_(i-a)); ...; e(w_(i+b))] + b_k)      a = (k - 1) / 2, b = k / 2, for each width k of `widths`
//   z   = max_i y_i, by coordinate                        all widths side by side; f is relu, or tanh
//
//   ConvText body({.in = 50, .widths = {3, 4, 5}, .maps = 100}, run.seed());
//   Tensor vectors = body.forward(words.index_select(0, tokens.ids()), tokens);      // (tokens, in) -> (texts, 300)
//
// A window stands around every word; what would be outside of the text counts as zeros, so that a text of one word has
// windows of every width, and the maximum is over the words alone. A text without words is the zero vector.
// Begins with normal numbers of deviation 1 / sqrt(3 inputs), biases 0. Thread-safety: one owner while training.
// Cost: in * maps * (sum of widths) multiply-adds a word, and a copy of the windows.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct ConvTextOptions {
  std::int64_t in = 50;
  std::vector<std::int64_t> widths{3};
  std::int64_t maps = 100;  // filters of each width
  bool relu = true;         // false: tanh
};

class ConvText {
 public:
  ConvText(const ConvTextOptions& options, std::uint64_t seed);  // Requires: every extent is positive
  const Tensors& named() const noexcept { return parameters_; }  // "3/weight" (maps, 3 in), "3/bias"
  std::vector<Tensor> parameters() const;
  std::int64_t out() const noexcept { return options_.maps * static_cast<std::int64_t>(options_.widths.size()); }

  Tensor forward(const Tensor& words, const PackedTokens& tokens) const;  // (texts, out)

 private:
  ConvTextOptions options_;
  Tensors parameters_;
};

}  // namespace quiver::learn
