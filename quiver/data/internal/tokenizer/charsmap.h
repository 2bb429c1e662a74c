// SentencePiece's precompiled table of replacements ("Precompiled" in a tokenizer.json): base64 of
//
//   u32 bytes of the trie | the trie: a darts-clone double array of u32 | replacements, each ended by a zero byte
//
// A user-perceived character (grapheme) of less than six bytes is looked up as a whole, else code point by code point;
// the first, that is the shortest, key that begins it decides, whatever follows it in the grapheme. This is how
// SentencePiece's users were trained. All reads are checked: a damaged table is an Error or leaves text as it is.
#pragma once
#include <memory>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/normalizer.h"

namespace quiver::internal {

Result<std::unique_ptr<Normalizer>> read_charsmap(std::string_view base64);

}  // namespace quiver::internal
