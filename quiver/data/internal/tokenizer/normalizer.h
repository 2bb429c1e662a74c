// Normalizer: the first step of a tokenizer: rewrites text, before it is cut into words.
//
//   BertNormalizer   control characters out, white space to ' ', spaces around ideographs, accents off, lower case
//   NFC NFD NFKC NFKD Lowercase StripAccents Strip Replace Prepend Nmt ByteLevel Sequence
//   Precompiled      SentencePiece's table of replacements (charsmap.h)
//
// The names, fields and results are those of "normalizer" in a tokenizer.json. Thread-safety: immutable.
#pragma once
#include <memory>
#include <string>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"

namespace quiver::internal {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // `text` is valid UTF-8 and stays so. `head`: how many bytes at its begin come from the first character as the user
  // gave it (pieces.h); Metaspace may mark only a word that begins with them.
  virtual void apply(std::string& text, std::size_t& head) const = 0;
};

// Errors: an unknown "type" (the message lists the known ones), a missing or wrong field, a pattern not supported.
Result<std::unique_ptr<Normalizer>> read_normalizer(const JsonNode& node);

Result<std::unique_ptr<Normalizer>> read_bert_normalizer(const JsonNode& node);

}  // namespace quiver::internal
