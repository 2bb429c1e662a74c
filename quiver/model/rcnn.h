// Body "rcnn": a recurrent convolutional text encoder without torch (Lai, Xu, Liu, Zhao, AAAI 2015). Every word is
// described by itself and by what a recurrence carries to it from the left and from the right; the text by the largest
// of each coordinate over its words.
//
//   c_l(w_i) = tanh(W_l c_l(w_(i-1)) + W_sl e(w_(i-1))), c_l(w_1) = left/start       c_r mirrored, from the last word
//   x_i = [c_l(w_i); e(w_i); c_r(w_i)]       y_i = tanh(W x_i + b)       y = max_i y_i, by coordinate -> steps
//
// Config (JSON): what RcnnConfig holds. Tensors: "tokenizer" (u8), the text of a tokenizer.json; "words" (vocabulary,
// word); "left/start" (context), "left/context" (context, context) = W_l, "left/word" (context, word) = W_sl, the same
// under "right"; "hidden" (hidden, 2 context + word), "hidden_bias" (hidden); those of the steps (layers.h). Ports may
// differ in the column they read and in their steps: one may give document vectors, another the scores of classes,
// which learn/export.h makes of a trained module (within 1e-4 of it).
//
// A text longer than `longest` tokens is cut; when any is, Encoded.side says in column "dropped" (transformer.h) how
// many tokens of each text were lost. A text without tokens has y = 0. Thread-safety: const. Cost: a text at a time on
// a thread each; about 2 context (context + word) + hidden (2 context + word) multiply-adds a word.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "quiver/model/body.h"

namespace quiver {

struct RcnnPort {
  std::string column = "text";
  std::string steps = "[]";  // JSON array of Layers behind the largest
};
struct RcnnConfig {
  std::size_t vocabulary = 0, word = 0, context = 0, hidden = 0;
  std::size_t longest = 0;                               // tokens of a text
  std::map<std::string, RcnnPort, std::less<>> ports{};  // by port name
  std::string to_json() const;
  static Result<RcnnConfig> parse(std::string_view json);  // names the first value that cannot be
};

Result<std::unique_ptr<const ModelBody>> make_rcnn(std::string_view config, std::span<const Port> ports,
                                                   const Weights& weights);

}  // namespace quiver
