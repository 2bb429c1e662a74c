// Foreign encoders: the config.json and tensors of published BERT-like models, told in our words.
//
//   QUIVER_TRY(ForeignEncoder encoder, read_foreign_encoder(config_json, safetensors));
//   TransformerStack::open(encoder.config, encoder.weights);
//
// An architecture is a row of the table in the .cc: what its config.json calls the sizes and where its tensors are
// named. Queries, keys and values are joined into one matrix; nothing else is computed, f16 and bf16 stay what they
// are. Invariant: every tensor of the encoder's own parts is used, so that a variant with a part we do not know is
// refused by that part's name and never computed without it. Heads beside the encoder (poolers, language models) are
// left out.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/model/safetensors.h"
#include "quiver/model/transformer_config.h"
#include "quiver/model/weights.h"

namespace quiver::internal {

struct ForeignEncoder {
  std::string model_type{};  // "bert"
  TransformerConfig config{};
  Weights weights{};                    // named as TransformerStack reads them
  std::vector<std::string> left_out{};  // tensors of heads
};

// Errors: Unsupported for another architecture or variant (says which are read), Corruption for a tensor that is
// missing or of another shape than the config says.
Result<ForeignEncoder> read_foreign_encoder(const Json& config, const Safetensors& file);
std::string foreign_model_types();  // "bert, camembert, ..."

}  // namespace quiver::internal
