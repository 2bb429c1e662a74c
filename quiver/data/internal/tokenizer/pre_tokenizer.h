// PreTokenizer: the second step of a tokenizer: cuts text into the words that the model then encodes one by one.
//
//   BertPreTokenizer   at white space, and around each punctuation character
//   Whitespace         \w+ and [^\w\s]+      WhitespaceSplit   at white space      Digits  Punctuation
//   CharDelimiterSplit ByteLevel          by GPT-2's expression, then bytes as characters (byte_level.h) Split at a
//   pattern (pattern.h) Metaspace          ' ' becomes U+2581, at which words begin (SentencePiece) Sequence one after
//   the other
//
// The names, fields and results are those of "pre_tokenizer" in a tokenizer.json. Thread-safety: immutable.
#pragma once
#include <memory>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"
#include "quiver/data/internal/tokenizer/pieces.h"

namespace quiver::internal {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(Pieces& pieces) const = 0;
};

// Errors: an unknown "type" (the message lists the known ones), a missing or wrong field, a pattern not supported.
Result<std::unique_ptr<PreTokenizer>> read_pre_tokenizer(const JsonNode& node);

}  // namespace quiver::internal
