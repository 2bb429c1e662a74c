// AddedTokens: tokens found in the text itself before any model sees it: [CLS], <|endoftext|>, words added later.
//
//   special       left out by decode()
//   single_word   only between characters that are no word characters
//   lstrip rstrip white space beside it belongs to it
//   normalized    looked for in normalized text, as the normalizer writes it; else in the text as given, before that
//
// At each position the longest token counts. A token that is not in the model's vocabulary must have the next free id,
// as the reference gives it. Thread-safety: immutable.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"
#include "quiver/data/internal/tokenizer/normalizer.h"
#include "quiver/data/internal/tokenizer/pieces.h"

namespace quiver::internal {

class AddedTokens {
 public:
  // node: the list "added_tokens". normalizer may be null.
  static Result<AddedTokens> read(const JsonNode& node, const TokenTable& vocabulary, const Normalizer* normalizer);

  void split_as_given(Pieces& pieces) const { split(pieces, given_); }
  void split_normalized(Pieces& pieces) const { split(pieces, normalized_); }

  struct Token {
    std::uint32_t id = 0;
    std::string content, written;  // written: as the normalizer writes it, what decoders get to see
    bool special = false, single_word = false, left = false, right = false, normalized = false;
  };
  const Token* find(std::uint32_t id) const noexcept;
  const Token* find(std::string_view content) const noexcept;
  const std::vector<Token>& tokens() const noexcept { return tokens_; }  // by rising id

 private:
  struct Finder {
    ByteTrie trie;  // to positions in tokens_
    std::array<bool, 256> begins{};
    bool empty = true;
  };
  void split(Pieces& pieces, const Finder& finder) const;
  static Finder finder(const std::vector<ByteTrie::Entry>& entries);
  std::vector<Token> tokens_;  // by rising id
  ByteTrie contents_;          // to positions in tokens_
  Finder given_, normalized_;
};

}  // namespace quiver::internal
