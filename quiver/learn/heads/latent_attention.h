// LatentAttention: pooling with a learned dictionary (Lee et al., NV-Embed, ICLR 2025, arXiv:2405.17428). The states of
// a text ask a few latent vectors, what they answer is mixed once more by a small network, and the mean is the vector:
//
//   O  = softmax(norm(H) Wq K^T / sqrt(head_dim)) V Wo + H         H: (tokens, dim), a head's part of each product
//   O' = feed(norm(O)) + O                                         [K | V] = norm(Z) Wkv, Z: (latents, dim)
//   e  = mean of O' over the tokens that are pooled                feed(x) = ((x U^T + a) * gelu(x G^T + b)) W^T + c
//
//   LatentAttention head({.dim = 384, .latents = 64}, run.seed());
//   Tensor vectors = head(encoder.exit(states.back()), tokens, skip);              // (texts, dim)
//
// Tokens ask; the dictionary answers: the reverse of a Perceiver. The residual adds H itself, not norm(H), and what is
// left out (instructions) is left out of the mean, not of the softmax, which runs over latents. A released head has
// heads as wide as its states: head_dim = dim. Begins like Transformer (parameters.h).
// Thread-safety: one owner while training. Cost: 2 heads head_dim (dim + latents) + 12 dim^2 multiply-adds a token.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"
#include "quiver/model/weights.h"

namespace quiver::learn {

struct LatentAttentionOptions {
  std::int64_t dim = 0;
  std::int64_t latents = 64;
  std::int64_t heads = 8;
  std::int64_t head_dim = 0;   // 0: dim / heads
  std::int64_t expansion = 4;  // the network between is this many times as wide as the states
};

class LatentAttention {
 public:
  // Requires: every extent is positive, and heads divide dim unless there is a head_dim.
  LatentAttention(const LatentAttentionOptions& options, std::uint64_t seed);
  // With the tensors of a model ("latent/...", model/latent_attention.h), to train on. Errors as its open().
  static Result<LatentAttention> open(std::size_t heads, std::size_t dim, const Weights& weights);
  const Tensors& named() const noexcept { return parameters_; }
  std::vector<Tensor> parameters() const;
  std::size_t heads() const noexcept { return static_cast<std::size_t>(options_.heads); }

  Tensor mix(const Tensor& states) const;  // O': (tokens, dim)
  // Requires: as pool(). The mean of mix() over each text: (texts, dim).
  Tensor operator()(const Tensor& states, const PackedTokens& tokens, std::span<const std::uint32_t> skip = {}) const;

 private:
  LatentAttention() = default;
  Tensor normalize(const Tensor& x, const char* name) const;
  Tensor at(std::string_view name) const { return parameters_.find(name)->second; }
  LatentAttentionOptions options_;
  Tensors parameters_;
};

}  // namespace quiver::learn
