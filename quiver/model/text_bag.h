// Body "text_bag": a text encoder without torch. A text is a bag of features; each has a row of a table and, per column
// it was read from, a learned weight; their weighted sum goes through a small tower and ends at unit length.
//
//   v = sum over columns c, features f of c:  weight[c][f] * table[f]        (rows of the table: dim)
//   y = unit(tower(v))                                                        (dims of the port's space)
//
// Config (JSON): what TextBagConfig holds. Tensors: "table" (rows, dim) f32 or f16; "weights/NAME" (rows) per
// weighting; "features/..." of TextFeatures; the towers' layers. One port may read a query's text, another an item's
// lemmas and definition with weights of their own, into one space. Rules: a missing optional cell has no features; a
// text without any known feature (empty text among them) maps to the zero vector, whose cosine to everything is 0: it
// is found by nobody rather than by chance. Bytes that are not UTF-8 are read as data/text reads them. Thread-safety:
// const. Cost: about 1 us a word on one core and d = 256 plus two GEMMs per residual step.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/model/body.h"
#include "quiver/model/text_features.h"

namespace quiver {

struct TextBagInput {
  std::string column{};     // a Text column, possibly `many`
  std::string weighting{};  // tensor "weights/<weighting>"
};
struct TextBagPort {
  std::vector<TextBagInput> inputs{};
  std::string steps = "[]";  // JSON array of Layers, before the final unit
};
struct TextBagConfig {
  std::string features{};                                   // TextFeatures::config()
  std::map<std::string, TextBagPort, std::less<>> ports{};  // by port name
  std::string to_json() const;
  static Result<TextBagConfig> parse(std::string_view json);
};

Result<std::unique_ptr<const ModelBody>> make_text_bag(std::string_view config, std::span<const Port> ports,
                                                       const Weights& weights);

}  // namespace quiver
