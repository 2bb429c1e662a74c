// freeze: a trained RCNN becomes a Model of body "rcnn" (model/rcnn.h), which runs without torch.
//
//   QUIVER_TRY(Model model, freeze(body, words, tokenizer, {.longest = 150, .classes = {{weight, bias, labels}}},
//   card)); model.encode(items, {}, run);                          // port "document": y3, of unit length
//   model.encode(items, {.port = "classes"}, run);         // a score for each class: y4 = W4 y3 + b4, not yet a
//   softmax
//
// Vectors and scores are those of the module within 1e-4. Thread-safety: a function. Cost: a copy of the parameters.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/tokenizer.h"
#include "quiver/learn/encoders/recurrent.h"
#include "quiver/model/model.h"

namespace quiver::learn {

struct RcnnClasses {
  Tensor weight, bias;  // (classes, hidden), (classes)
  std::vector<std::string> labels;
};
struct RcnnExport {
  std::string column = "text";
  std::size_t longest = 300;  // tokens of a text
  std::optional<RcnnClasses> classes{};
};
// words: (vocabulary, in), a row for each of the tokenizer's ids. Errors as Model::make.
Result<Model> freeze(const Rcnn& body, const Tensor& words, const Tokenizer& tokenizer, const RcnnExport& as,
                     Card card);

}  // namespace quiver::learn
