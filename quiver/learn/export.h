// freeze: a trained module becomes a Model that runs without torch and can be saved, shared and searched with.
//
//   QUIVER_TRY(Model model, freeze(encoder, {{.name = "query", .role = "query", .inputs = {{"text", "query"}}},
//                                            {.name = "entry", .inputs = {{"lemmas", "lemmas"}, ...}}}, {64}, card));
//
// The table is stored as half floats unless asked otherwise: half the file, and vectors of 128 or more
// dimensions stay within 1e-4 of the module's (F32: 1e-6).
// Thread-safety: functions. Cost: one copy of the parameters.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/learn/encoders/text_bag.h"
#include "quiver/model/model.h"
#include "quiver/model/text_bag.h"

namespace quiver::learn {

struct BagPort {
  std::string name, role;            // role empty: serves every role
  std::vector<TextBagInput> inputs;  // column and weighting
  std::vector<std::string> many{};   // which of these columns hold lists
};

// prefixes: usable shorter lengths. All ports share one space, founded by the model. Errors as Model::make.
Result<Model> freeze(const TextBag& encoder, const std::vector<BagPort>& ports, std::vector<std::size_t> prefixes,
                     Card card, Element stored = Element::F16);

}  // namespace quiver::learn
