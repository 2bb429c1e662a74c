// NextToken: a language model's loss: each token of a text must be told from those before it. The table of embeddings
// is also the classifier ("tied", Press & Wolf, EACL 2017, arXiv:1608.05859), so a model of 8,000 words has no second
// matrix of that many rows.
//
//   p(. | t_1 .. t_i) = softmax(E h_i)                 h_i: the state of token i, E: (vocabulary, dim)
//   loss = mean over i of -log p(t_{i+1} | t_1 .. t_i)       i: every token that another one of its text follows
//
//   batch["targets"] = next_tokens(tokens);                                     // (tokens) int64
//   out["states"] = encoder.exit(encoder.forward(tokens, {.causal = true}).back());
//   out["table"] = encoder.named().find("embedding/tokens")->second;
//   Tensor loss = NextToken()(out, batch);             // nats a token; perplexity = exp(loss)
//
// Tokens are packed, so there is no padding to ignore: only the last token of a text has no target (kNoTarget).
// Cost: three products of tokens x vocabulary x dim, forward and backward. The scores of kRowsAtOnce tokens are held at
// a time and their gradient is taken while they are in the cache (as in Wijmans et al., "Cut your losses", 2024), so
// memory does not grow with tokens x vocabulary.
#pragma once
#include <vector>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

inline constexpr std::int64_t kNoTarget = -1;

// The id that follows each token in its text; kNoTarget behind the last of a text. (tokens) int64
Tensor next_tokens(const PackedTokens& tokens);

class NextToken {
 public:
  static constexpr std::int64_t kRowsAtOnce = 256;
  // out: "states" (tokens, dim), "table" (vocabulary, dim); batch: "targets" (tokens). No targets at all: 0.
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }
};

// The same by torch's own operators: more memory, and what tests trust.
Tensor next_token_reference(const Tensor& states, const Tensor& table, const Tensor& targets);

}  // namespace quiver::learn
