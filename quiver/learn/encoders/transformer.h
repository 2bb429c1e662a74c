// Transformer: the trainable body "transformer" (model/transformer_stack.h runs the same without torch). One
// TransformerConfig describes both, and parameters have the names of the body's tensors.
//
//   Transformer encoder(config, {.dropout = 0.1}, run.seed());
//   Adam adam(encoder.parameters(), {.rate = 3e-4, .weight_decay = 0.01});
//   const PackedTokens tokens(std::move(batch));
//   std::vector<Tensor> states = encoder.forward(tokens, {.dropout = mix(run.seed(), step)});   // (tokens, dim) each
//   Tensor vectors = pool(Pool::Mean, encoder.exit(states.back()), tokens);                     // (texts, dim)
//
// states[0] are the embeddings, states[n] what layer n leaves; exit() puts the last norm behind any of them where the
// config is norm_first, as the body does at an exit. What recipes change on the way:
//   words() / forward_words()   the embedding of a token may be another vector: a pseudo word made of a picture's (RTD)
//   pass.causal                 a decoder may look both ways when it becomes an encoder (NV-Embed)
//   pass.watch                  the attention weights of every head
// Begins with normal numbers of deviation 1 / sqrt(3 inputs), norms of 1, biases of 0; what a norm-first block adds is
// smaller by sqrt(2 layers), so that deep stacks begin like shallow ones (Radford et al., GPT-2, 2019). Dropout (the
// embeddings, attention weights, what each half of a block adds) is a function of its seed, so a resumed training is
// the same training. Tokens are packed for the products and a grid for attention alone (packed_tokens.h).
// Thread-safety: one owner while training. Cost: 6 multiply-adds a weight and token, forward and backward.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"
#include "quiver/model/transformer_config.h"
#include "quiver/model/weights.h"

namespace quiver::learn {

struct TransformerOptions {
  bool biases = true;  // of products, and shifts of layer norms; RMS norms never shift
  double dropout = 0;  // share that a training step forgets
};

struct TransformerPass {
  std::size_t layers = 0;                  // stop behind this one; 0: the last
  std::optional<bool> causal{};            // nothing: as the config says
  std::optional<std::uint64_t> dropout{};  // seed of what this step forgets; nothing: it forgets nothing
  // weights: (texts, heads, longest, longest), before dropout; layers count from 1.
  std::function<void(std::size_t layer, const Tensor& weights)> watch{};
};

class Transformer {
 public:
  // Requires: config.check() and 0 <= dropout < 1.
  Transformer(const TransformerConfig& config, const TransformerOptions& options, std::uint64_t seed);
  // With the tensors of a model, to train on. Errors as TransformerStack::open.
  static Result<Transformer> open(const TransformerConfig& config, const Weights& weights, double dropout = 0);
  Transformer(Transformer&&) = default;
  Transformer& operator=(Transformer&&) = default;
  Transformer(const Transformer&) = delete;  // a copy would share its parameters
  Transformer& operator=(const Transformer&) = delete;
  ~Transformer() = default;

  const TransformerConfig& config() const noexcept { return config_; }
  const Tensors& named() const noexcept { return parameters_; }  // "layers/0/feed/in"
  std::vector<Tensor> parameters() const;                        // the same in the order of their names

  // Requires: ids below the vocabulary, texts of at most `context` tokens.
  std::vector<Tensor> forward(const PackedTokens& tokens, const TransformerPass& pass = {}) const;
  Tensor words(const PackedTokens& tokens) const;  // (tokens, dim): rows of the table, nothing added yet
  std::vector<Tensor> forward_words(const Tensor& words, const PackedTokens& tokens,
                                    const TransformerPass& pass = {}) const;
  Tensor exit(const Tensor& states) const;

 private:
  struct Linear {
    Tensor weight, bias;
    Tensor operator()(const Tensor& x) const { return torch::linear(x, weight, bias); }
  };
  struct Norm {
    Tensor scale, shift;
  };
  struct Layer {
    Linear attention_in, attention_out, feed_in, feed_out;
    Norm attention_norm, feed_norm;
  };
  class Dropout;

  Transformer(const TransformerConfig& config, double dropout);
  void assemble();                             // the handles below, from parameters_
  Tensor find(const std::string& name) const;  // undefined if there is none

  Tensor normalize(const Norm& norm, const Tensor& x) const;
  Tensor embed(const Tensor& words, const PackedTokens& tokens) const;
  Tensor biases_of_scores(const PackedTokens& tokens, bool causal) const;
  Tensor turn(const Tensor& heads) const;
  Tensor attend(const Layer& layer, const Tensor& x, const PackedTokens& tokens, const Tensor& biases, Dropout& dropout,
                const std::function<void(const Tensor&)>& watch) const;
  Tensor feed(const Layer& layer, const Tensor& x) const;

  TransformerConfig config_;
  double dropout_ = 0;
  Tensors parameters_;
  Tensor cosines_, sines_;  // (context, head_dim / 2), if positions are rotary
  Tensor tokens_, positions_, types_, relative_;
  Norm embedding_norm_, last_norm_;
  std::vector<Layer> layers_;
};

}  // namespace quiver::learn
