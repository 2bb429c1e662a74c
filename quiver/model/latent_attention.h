// Latent attention without torch: the states of a text ask a learned dictionary before they are pooled (Lee et al.,
// NV-Embed, ICLR 2025, arXiv:2405.17428). learn/heads/latent_attention.h trains it and says what it computes:
//
//   O  = softmax(norm(H) Wq K^T / sqrt(head_dim)) V Wo + H                 H: (tokens, dim), head by head
//   O' = feed(norm(O)) + O                  [K | V] = norm(Z) Wkv, Z: (latents, dim), the same for every text
//
//   QUIVER_TRY(const auto latent, LatentAttention::open(/*heads=*/8, dim, weights));    // tensors "latent/..."
//   LatentAttention::Scratch scratch;
//   MatrixView mixed = latent.mix(states, scratch);                        // (tokens, dim); then pool()
//
// Tensors, in which the width of a head and the network's are read off: latent/latents (latents, dim), latent/query
// (heads head_dim, dim), latent/key_value (2 heads head_dim, dim), latent/out (dim, heads head_dim), latent/feed/in (2
// wide, dim): values, then gates; latent/feed/out (dim, wide), with biases; norms latent/norm, latent/latents_norm,
// latent/feed/norm (dim), each with its shift.
// Thread-safety: const and shared; a Scratch has one owner. Cost: keys and values once; then 2 heads head_dim (dim +
// latents) + 3 dim wide multiply-adds a token.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/model/safetensors.h"
#include "quiver/model/weights.h"

namespace quiver {

class LatentAttention {
 public:
  struct Scratch {
    Matrix normed, queries, scores, answers, mixed, inner;  // grown as needed, kept between calls
  };
  // Errors: Corruption naming the tensor that is missing or does not fit the others.
  static Result<LatentAttention> open(std::size_t heads, std::size_t dim, const Weights& weights);
  std::size_t latents() const noexcept { return keys_.rows(); }

  // Requires: states.cols == dim. The view lives until the scratch is used again.
  MatrixView mix(MatrixView states, Scratch& scratch) const;

 private:
  struct Norm {
    std::span<const float> scale, shift;
  };
  LatentAttention() = default;
  void answer(MatrixView states, Scratch& scratch) const;
  void feed(std::size_t tokens, Scratch& scratch) const;

  std::size_t heads_ = 0, dim_ = 0;
  Weights weights_;  // as f32: what the views below point into
  Norm norm_, feed_norm_;
  MatrixView query_, out_, feed_in_, feed_out_;
  std::span<const float> feed_in_bias_, feed_out_bias_;
  Matrix keys_, values_;  // (latents, heads head_dim)
};

// The head of a published model, under the names above: its tensors are `latents` and cross_attend_blocks.0 and .1,
// behind any common prefix. Error NotFound for a file without one.
Result<Weights> read_latent_attention(const Safetensors& file);

}  // namespace quiver
