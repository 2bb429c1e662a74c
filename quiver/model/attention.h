// Attention of one text over itself: every token asks all others (or, causal, those before it and itself).
//
//   context_h = softmax(Q_h K_h^T / sqrt(head_dim) + bias_h) V_h             per head h; Q, K, V: (tokens, head_dim)
//
//   Attention attention({.heads = 12, .key_heads = 12, .head_dim = 32});
//   attention.apply(qkv.view(), scratch, context.data(), context.stride());
//
// qkv holds queries, keys and values side by side: (tokens, (heads + 2 key_heads) head_dim). Positions enter as rotary
// turns of queries and keys (Su et al., RoFormer, 2021; the halves of a head are the pairs) or as relative biases, one
// per head and bucket of distance (Raffel et al., T5, 2020, both directions).
// Thread-safety: const and shared; a Scratch has one owner. Cost: 4 tokens^2 dim multiply-adds; memory of kQueries rows
// of scores, whatever the text's length.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quiver/core/matrix.h"

namespace quiver {

struct AttentionShape {
  std::size_t heads = 1, key_heads = 1, head_dim = 1;
  bool causal = false;
  std::size_t columns() const noexcept { return (heads + 2 * key_heads) * head_dim; }  // of qkv
};

// The bucket of the distance from a query to a key, `ahead` tokens to its right (negative: to its left): half of the
// buckets look each way, and half of those stand for one distance each, the others for ranges that widen by a factor.
std::size_t relative_bucket(std::ptrdiff_t ahead, std::size_t buckets, std::size_t farthest) noexcept;

class Attention {
 public:
  static constexpr std::size_t kQueries = 128;  // rows of scores computed together
  struct Scratch {
    std::vector<float> scores;  // (kQueries, tokens)
  };

  explicit Attention(AttentionShape shape) : shape_(shape) {}
  // Requires: an even head_dim. Positions 0 .. context - 1 are prepared.
  void turn(double base, std::size_t context);
  // biases: (buckets, heads). Distances up to context - 1 are prepared.
  void bias(MatrixView biases, std::size_t farthest, std::size_t context);

  // Turns queries and keys in place where positions are rotary. Row i of the answer is at out + i * out_stride.
  void apply(Matrix& qkv, std::size_t first, std::size_t tokens, Scratch& scratch, float* out,
             std::size_t out_stride) const;

 private:
  void turn_heads(float* row, std::size_t position) const;

  AttentionShape shape_;
  Matrix cosines_, sines_;     // (context, head_dim / 2); no rows: positions are not rotary
  std::vector<float> biases_;  // (heads, 2 context - 1): by head and distance + context - 1; empty: none
  std::size_t context_ = 0;
};

}  // namespace quiver
