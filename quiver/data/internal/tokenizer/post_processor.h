// PostProcessor: the last step of a tokenizer: special tokens around the ids of a text, and segment ids.
//
//   BertProcessing, RobertaProcessing   [CLS] text [SEP]
//   TemplateProcessing                  what its "single" says; "pair" is not read: one text is encoded at a time
//   ByteLevel                           changes offsets only, which are not kept
//   Sequence                            one around the other
//
// All of them come to one list of segments: a special token, or the text. Thread-safety: immutable.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"

namespace quiver::internal {

class PostProcessor {
 public:
  // Errors: an unknown "type" (the message lists the known ones), a missing or wrong field, an id not below `tokens`.
  static Result<PostProcessor> read(const JsonNode& node, std::size_t tokens);

  std::size_t special_tokens() const noexcept;
  // Appends to ids and types.
  void apply(std::span<const std::uint32_t> text, bool special, std::vector<std::uint32_t>& ids,
             std::vector<std::uint32_t>& types) const;

 private:
  struct Segment {
    bool is_text = true;
    std::uint32_t id = 0, type = 0;
  };
  Result<void> add(const JsonNode& node, std::size_t tokens);
  Result<void> add_ends(const JsonNode& node, std::size_t tokens);
  Result<void> add_template(const JsonNode& node, std::size_t tokens);
  std::vector<Segment> segments_{Segment{}};
};

}  // namespace quiver::internal
