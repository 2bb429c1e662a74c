// TransformerConfig: the shape of a transformer, told rather than coded: one description covers BERT, RoBERTa,
// DistilBERT and MPNet, and the causal, pre-norm, rotary, gated blocks of later models. docs/reference/formats/model.md
// lists the JSON keys and the tensors that belong to each choice.
//
//   TransformerConfig config{.vocabulary = 30522, .dim = 384, .heads = 12, .hidden = 1536, .layers = 6, .context =
//   512}; QUIVER_TRY(config.check()); QUIVER_TRY(auto same, TransformerConfig::parse(config.to_json()));
//
// One block, of states x (tokens, dim):
//   norm after     x <- norm(x + attend(x));        x <- norm(x + feed(x))            (BERT)
//   norm first     x <- x + attend(norm(x));        x <- x + feed(norm(x))            (and a norm behind the last
//   block) feed(x) = f(x U^T + a) W^T + b, or gated: (f(x G^T) * (x U^T)) W^T
// Thread-safety: a plain value.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/simd/activations.h"

namespace quiver {

enum class PositionKind : std::uint8_t { None, Learned, Rotary };
enum class NormKind : std::uint8_t { Layer, Rms };

struct TransformerPositions {
  PositionKind kind = PositionKind::Learned;
  std::size_t first = 0;                   // learned: the row of the first token
  std::optional<std::uint32_t> padding{};  // learned: a token of this id takes row first - 1 and is not counted
  double base = 10000;                     // rotary: the slowest wave turns once in about 2 pi base tokens
  bool operator==(const TransformerPositions&) const = default;
};

// Biases of scores by the distance from query to key, beside any kind of positions (attention.h).
struct RelativeBiases {
  std::size_t buckets = 0;     // biases of a head; 0: none
  std::size_t farthest = 128;  // distances from here on share the last bucket
  bool operator==(const RelativeBiases&) const = default;
};

struct TransformerConfig {
  std::size_t vocabulary = 0, dim = 0, heads = 0, hidden = 0, layers = 0;
  std::size_t context = 0;    // longest text in tokens, those around it counted
  std::size_t key_heads = 0;  // heads of keys and values, each shared by heads / key_heads; 0: heads
  std::size_t head_dim = 0;   // 0: dim / heads
  std::size_t types = 0;      // rows of the table of token types; 0: there is none
  TransformerPositions positions{};
  RelativeBiases relative{};
  NormKind norm = NormKind::Layer;
  double epsilon = 1e-12;
  bool norm_first = false;
  bool embedding_norm = true;  // a norm of the embeddings
  simd::Activation activation = simd::Activation::Gelu;
  bool gated = false;
  bool causal = false;

  std::size_t key_heads_or_all() const noexcept { return key_heads == 0 ? heads : key_heads; }
  std::size_t head_width() const noexcept { return head_dim == 0 && heads > 0 ? dim / heads : head_dim; }
  bool operator==(const TransformerConfig&) const = default;

  Result<void> check() const;  // names the first value that cannot be
  std::string to_json() const;
  static Result<TransformerConfig> parse(std::string_view json);
};

}  // namespace quiver
