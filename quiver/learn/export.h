// freeze: a trained module becomes a Model that runs without torch and can be saved, shared and searched with.
//
//   QUIVER_TRY(Model model, freeze(encoder, {{.name = "query", .role = "query", .inputs = {{"text", "query"}}},
//                                            {.name = "entry", .inputs = {{"lemmas", "lemmas"}, ...}}}, {64}, card));
//
//   QUIVER_TRY(Model model, freeze(transformer, tokenizer, {.pooling = {Pool::Mean}, .layers = 6}, card));
//   QUIVER_TRY(Thawed thawed, thaw(model));                      // and back, to train on: imported models too
//
// A bag's table is stored as half floats unless asked otherwise: half the file, and vectors of 128 or more
// dimensions stay within 1e-4 of the module's (F32: 1e-6).
// A transformer is stored as floats unless asked otherwise, and its vectors stay within 1e-4 of the module's.
// Thread-safety: functions. Cost: one copy of the parameters.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/instructed_text.h"
#include "quiver/data/tokenizer.h"
#include "quiver/learn/encoders/text_bag.h"
#include "quiver/learn/encoders/transformer.h"
#include "quiver/learn/heads/latent_attention.h"
#include "quiver/model/model.h"
#include "quiver/model/text_bag.h"
#include "quiver/model/transformer.h"

namespace quiver::learn {

struct BagPort {
  std::string name, role;            // role empty: serves every role
  std::vector<TextBagInput> inputs;  // column and weighting
  std::vector<std::string> many{};   // which of these columns hold lists
};

// prefixes: usable shorter lengths. All ports share one space, founded by the model. Errors as Model::make.
Result<Model> freeze(const TextBag& encoder, const std::vector<BagPort>& ports, std::vector<std::size_t> prefixes,
                     Card card, Element stored = Element::F16);

struct TextPort {
  std::string name = "text", role{};      // role empty: serves every role
  std::string column = "text", prefix{};  // the prefix goes before each text: "query: "
  std::string instruction{};              // an optional column of instructions, as data/instructed_text.h puts them
  std::string form = std::string(kInstruction);
};
struct TransformerExport {
  std::vector<TextPort> ports{TextPort{}};
  std::vector<Pool> pooling{Pool::Mean};        // several are put side by side
  bool pool_prefix = true;                      // false: the prefix's tokens, and those before it, are not pooled
  const LatentAttention* latent = nullptr;      // that the states pass before they are pooled; borrowed
  std::string steps = R"([{"step": "unit"}])";  // behind the pooled vector (model/layers.h)
  Tensors tensors{};                            // of those steps, by name
  std::vector<std::size_t> prefixes{};          // usable shorter lengths
  std::uint32_t layers = 0;       // exits: vectors may be taken after 1, 2, ... this many layers; 0: at the end
  std::optional<bool> causal{};   // as it was trained, where that is not what its config says
  Element stored = Element::F32;  // of matrices
};
// Vectors are unit vectors unless the steps say otherwise, and as long as the pooled ones. All ports share one space,
// founded by the model. Errors as Model::make.
Result<Model> freeze(const Transformer& encoder, const Tokenizer& tokenizer, const TransformerExport& as, Card card);

struct Thawed {
  Transformer encoder;
  Tokenizer tokenizer;
  TransformerBodyConfig config;  // how it pooled, its prefixes, and the dense steps behind, which are not trained on
  std::optional<LatentAttention> latent;  // if it has one
};
// Error InvalidArgument for a model of another body.
Result<Thawed> thaw(const Model& model, double dropout = 0);

}  // namespace quiver::learn
