// Decoder: token texts back to text: takes away what marks word borders and bytes.
//
//   WordPiece ByteLevel Metaspace BPEDecoder ByteFallback Fuse Strip Replace Sequence
//
// Each step maps a list of texts to a list of texts; the last list is joined. The names, fields and results are those
// of "decoder" in a tokenizer.json. Thread-safety: immutable.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"

namespace quiver::internal {

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void apply(std::vector<std::string>& texts) const = 0;
};

// Errors: an unknown "type" (the message lists the known ones), a missing or wrong field, a pattern not supported.
Result<std::unique_ptr<Decoder>> read_decoder(const JsonNode& node);

}  // namespace quiver::internal
