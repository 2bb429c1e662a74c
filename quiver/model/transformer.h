// Body "transformer": a text encoder without torch. Tokens go through a stack of attention layers, the states of the
// last are pooled into one vector, which passes dense steps.
//
//   text -> prefix + text -> tokens (data/tokenizer) -> states (transformer_stack) -> pool(s), side by side -> steps
//                                                        or states -> latent attention -> pool(s) ...
//
// Config (JSON): what TransformerBodyConfig holds. Tensors: "tokenizer" (u8), the text of a tokenizer.json; those of
// TransformerStack; those of the steps (layers.h). Ports differ in the column they read and the prefix they put before
// a text ("query: "); they share all else. A port that lists `layers` can be asked for the states after fewer of them.
// A port may read a column of instructions: what each text is to be encoded for, in front of it, attended to but not
// pooled (data/instructed_text.h). A row without an instruction is encoded as it is.
//
// Texts are tokenized and sorted by length, and about kTokensPerBlock tokens of similar texts are computed together,
// without padding, a block per thread. A text longer than the context is cut; when any is, Encoded.side says in column
// "dropped" how many tokens of each text were lost. A text without tokens maps to the zero vector.
// Thread-safety: const. Cost: 2 multiply-adds a weight and token; memory of a few blocks of tokens per thread.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/model/body.h"
#include "quiver/model/pooling.h"
#include "quiver/model/transformer_config.h"

namespace quiver {

inline constexpr std::string_view kDroppedColumn = "dropped";

struct TransformerPort {
  std::string column = "text", prefix{};
  std::string instruction{}, form{};  // the column of instructions, and "Instruct: {}\nQuery: "; empty: none
};
struct TransformerBodyConfig {
  TransformerConfig stack{};
  std::vector<Pool> pooling{Pool::Mean};  // several are put side by side
  bool pool_prefix = true;                // false: the prefix's tokens, and those before it, are not pooled
  std::size_t latent_heads = 0;           // of the latent attention before pooling (latent_attention.h); 0: none
  std::string steps = "[]";               // JSON array of Layers behind the pooled vector
  std::map<std::string, TransformerPort, std::less<>> ports{};  // by port name
  std::string to_json() const;
  static Result<TransformerBodyConfig> parse(std::string_view json);
};

Result<std::unique_ptr<const ModelBody>> make_transformer(std::string_view config, std::span<const Port> ports,
                                                          const Weights& weights);

}  // namespace quiver
