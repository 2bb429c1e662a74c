// Recurrent encoders of texts: what a text says as one vector, from the vectors of its words.
//
//   Rcnn body({.in = 50, .context = 50, .hidden = 100}, run.seed());
//   Tensor vectors = body.forward(words.index_select(0, tokens.ids()), tokens);      // (tokens, in) -> (texts, hidden)
//   Lstm last({.in = 50, .width = 50, .both_ways = true}, run.seed());               // (texts, 2 width)
//
// Rcnn     Lai, Xu, Liu, Zhao, "Recurrent convolutional neural networks for text classification", AAAI 2015. Each word
//          is described by itself and by what stands on either side of it, as far as a recurrence carries:
//            c_l(w_i) = tanh(W_l c_l(w_(i-1)) + W_sl e(w_(i-1)))          c_l(w_1) learned, one for all texts
//            c_r(w_i) = tanh(W_r c_r(w_(i+1)) + W_sr e(w_(i+1)))          c_r(w_n) learned
//            x_i = [c_l(w_i); e(w_i); c_r(w_i)]      y2_i = tanh(W_2 x_i + b_2)      y3 = max_i y2_i, by coordinate
//          The context of a word leaves the word out. y3 is the vector of the text; a text without words is zeros.
//          model/rcnn.h runs it without torch; parameters have the names of its tensors.
// Lstm     the state behind the last word, and with both_ways the one a second recurrence has before the first.
//
// Texts are packed (packed_tokens.h): a recurrence ends with its text and a maximum sees no padding. Begin with normal
// numbers of deviation 1 / sqrt(3 inputs), biases 0, those of forget gates 1.
// Thread-safety: one owner while training. Cost: recurrence.h's, and 2 context in + hidden (2 context + in) for Rcnn.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct RcnnOptions {
  std::int64_t in = 50, context = 50, hidden = 100;
};

class Rcnn {
 public:
  Rcnn(const RcnnOptions& options, std::uint64_t seed);
  const RcnnOptions& options() const noexcept { return options_; }
  const Tensors& named() const noexcept { return parameters_; }
  std::vector<Tensor> parameters() const;
  std::int64_t out() const noexcept { return options_.hidden; }

  Tensor contexts(const Tensor& words, const PackedTokens& tokens) const;  // x: (tokens, 2 context + in)
  Tensor forward(const Tensor& words, const PackedTokens& tokens) const;   // y3: (texts, hidden)

 private:
  Tensor at(std::string_view name) const { return parameters_.find(name)->second; }
  RcnnOptions options_;
  Tensors parameters_;
};

struct LstmOptions {
  std::int64_t in = 50, width = 50;
  bool both_ways = true;
};

class Lstm {
 public:
  Lstm(const LstmOptions& options, std::uint64_t seed);
  const Tensors& named() const noexcept { return parameters_; }
  std::vector<Tensor> parameters() const;
  std::int64_t out() const noexcept { return options_.both_ways ? 2 * options_.width : options_.width; }

  Tensor forward(const Tensor& words, const PackedTokens& tokens) const;  // (texts, out)

 private:
  Tensor at(std::string_view name) const { return parameters_.find(name)->second; }
  LstmOptions options_;
  Tensors parameters_;
};

}  // namespace quiver::learn
