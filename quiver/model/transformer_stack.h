// TransformerStack: tokens to hidden states, layer by layer, on the core's GEMM. What body "transformer" stands on.
//
//   QUIVER_TRY(auto stack, TransformerStack::open(config, weights));
//   TokenBatch batch;
//   batch.add(ids, types);                                     // one text after another, without padding
//   TransformerStack::Scratch scratch;
//   MatrixView states = stack.run(batch, /*layers=*/0, scratch);   // (tokens of all texts, dim); layers 0: all
//
// The tokens of many texts lie in one matrix, so every product is one GEMM over all of them and no text is padded to
// another's length; only attention goes text by text. Tensors, of which biases and shifts are optional:
//   embedding/tokens (vocabulary, dim)   embedding/positions (first + context or more, dim)   embedding/types (types,
//   dim) embedding/norm, embedding/norm_shift (dim)      norm, norm_shift (dim): behind the last layer, if norm_first
//   relative (buckets, heads)
//   layers/N/attention/in ((heads + 2 key_heads) head_dim, dim): queries, keys, values    layers/N/attention/out
//   layers/N/feed/in (hidden, dim), gated (2 hidden, dim): the gate's rows first          layers/N/feed/out (dim,
//   hidden) layers/N/attention/norm, layers/N/feed/norm (dim); each matrix NAME with NAME_bias, each norm with
//   norm_shift
// Thread-safety: const and shared; a Scratch has one owner. Cost: 2 multiply-adds a weight and token, and attention.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/model/attention.h"
#include "quiver/model/transformer_config.h"
#include "quiver/model/weights.h"

namespace quiver {

// Texts as tokens, packed one behind the other: text i has tokens offsets[i] .. offsets[i + 1] - 1.
struct TokenBatch {
  std::vector<std::uint32_t> ids{}, types{}, offsets{0};
  std::size_t texts() const noexcept { return offsets.size() - 1; }
  std::size_t tokens() const noexcept { return ids.size(); }
  void add(std::span<const std::uint32_t> text_ids, std::span<const std::uint32_t> text_types = {});  // types: or zeros
  void clear();
};

class TransformerStack {
 public:
  struct Scratch {
    Matrix states, normed, qkv, context, hidden;  // grown as needed, kept between runs
    Attention::Scratch attention;
  };
  // What the states are after a layer; 0: the embeddings.
  using Watch = std::function<void(std::size_t layer, MatrixView states)>;

  // Errors: Corruption naming the tensor that is missing or of another shape than the config says.
  static Result<TransformerStack> open(const TransformerConfig& config, const Weights& weights);
  const TransformerConfig& config() const noexcept { return config_; }

  // Requires: ids below the vocabulary, texts of at most `context` tokens, layers <= those there are. The view lives
  // until the scratch is used again.
  MatrixView run(const TokenBatch& batch, std::size_t layers, Scratch& scratch, const Watch& watch = {}) const;

 private:
  struct Norm {
    std::span<const float> scale, shift;
  };
  struct Linear {
    MatrixView weight;
    std::span<const float> bias;
  };
  struct Layer {
    Linear attention_in, attention_out, feed_in, feed_out;
    Norm attention_norm, feed_norm;
  };

  TransformerStack(const TransformerConfig& config, Attention attention)
      : config_(config), attention_(std::move(attention)) {}
  Result<Norm> open_norm(const std::string& name) const;
  Result<Linear> open_linear(const std::string& name, std::size_t out, std::size_t in) const;
  Result<void> open_embeddings();
  Result<Layer> open_layer(std::size_t number) const;

  void embed(const TokenBatch& batch, Matrix& states) const;
  void attend(const Layer& layer, const TokenBatch& batch, Scratch& scratch) const;
  void feed(const Layer& layer, std::size_t tokens, Scratch& scratch) const;
  void normalize(const Norm& norm, std::size_t tokens, const Matrix& from, Matrix& to) const;

  TransformerConfig config_;
  Attention attention_;
  Weights weights_;  // as f32: what the views below point into
  MatrixView tokens_, positions_, types_;
  Norm embedding_norm_, last_norm_;
  std::vector<Layer> layers_;
};

}  // namespace quiver
