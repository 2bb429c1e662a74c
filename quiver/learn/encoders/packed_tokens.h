// PackedTokens: a batch of texts as tokens, ready for torch. Rows of all texts lie one behind the other, without
// padding, so that a product costs what the texts hold; attention alone needs them as a grid (texts, longest).
//
//   TokenBatch batch;
//   for (const Tokens& text : texts) batch.add(text.ids, text.types);
//   const PackedTokens tokens(std::move(batch));
//   Tensor grid = tokens.to_grid(states);            // (tokens, width) -> (texts, longest, width), zeros behind a text
//   Tensor again = tokens.from_grid(grid);           // (tokens, width)
//
// Why this of the two ways: a padded batch multiplies the padding by every matrix of the network; a packed one pays two
// copies of the attention's inputs instead, and none when all texts are equally long. Both copies are differentiable.
// Thread-safety: immutable. Cost: a few bytes a token.
#pragma once
#include <cstdint>

#include "quiver/learn/tensor.h"
#include "quiver/model/transformer_stack.h"

namespace quiver::learn {

class PackedTokens {
 public:
  explicit PackedTokens(TokenBatch batch);

  const TokenBatch& batch() const noexcept { return batch_; }
  std::int64_t texts() const noexcept { return static_cast<std::int64_t>(batch_.texts()); }
  std::int64_t tokens() const noexcept { return static_cast<std::int64_t>(batch_.tokens()); }
  std::int64_t longest() const noexcept { return longest_; }
  std::int64_t length(std::int64_t text) const;
  bool even() const noexcept { return texts() * longest_ == tokens(); }  // all texts are equally long

  const Tensor& ids() const noexcept { return ids_; }      // (tokens) int64
  const Tensor& types() const noexcept { return types_; }  // (tokens) int64
  const Tensor& text() const noexcept { return text_; }    // (tokens) int64: which text a token is of
  Tensor to_grid(const Tensor& rows, float fill = 0) const;
  Tensor from_grid(const Tensor& grid) const;
  Tensor absent(float value) const;  // (texts, longest): 0 where there is a token, `value` behind a text

 private:
  TokenBatch batch_;
  std::int64_t longest_ = 0;
  Tensor ids_, types_, text_, places_;
};

}  // namespace quiver::learn
