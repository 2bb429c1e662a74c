// TokenModel: the third step of a tokenizer: a word becomes token ids.
//
//   WordPiece   the longest token that begins the word, then the longest that goes on (word_piece.cc)
//   BPE         characters, joined pair by pair in the order of the learned merges (bpe.cc)
//   Unigram     the most probable tokens (unigram.cc)
//   WordLevel   the word itself (word_level.cc)
//
// The names, fields and results are those of "model" in a tokenizer.json. Thread-safety: immutable; a scratch has one
// owner.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"
#include "quiver/data/internal/tokenizer/token_table.h"

namespace quiver::internal {

// Buffers that one encode() reuses from word to word.
struct ModelScratch {
  struct Symbol {  // of BPE: a token in a chain
    std::uint32_t id, previous, next;
  };
  struct Best {  // of Unigram: the best way to end at a byte
    double score;
    std::uint32_t id;
    std::uint32_t length;  // bytes of the last token; 0: no way yet
  };
  struct Candidate {  // of BPE: a pair that may merge
    std::uint32_t rank, position, merged;
  };
  std::vector<std::uint32_t> ids, ranks;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  std::vector<Best> best;
};

class TokenModel {
 public:
  explicit TokenModel(TokenTable table) : table_(std::move(table)) {}
  virtual ~TokenModel() = default;
  // Appends the ids of a word. Requires: valid UTF-8, not empty, shorter than 4 GiB.
  virtual void encode(std::string_view word, std::vector<std::uint32_t>& ids, ModelScratch& scratch) const = 0;
  const TokenTable& table() const noexcept { return table_; }

 private:
  TokenTable table_;
};

// Errors: an unknown "type" (the message lists the known ones), a missing or wrong field, a vocabulary that contradicts
// itself, a token for unknown words that is not in it.
Result<std::unique_ptr<TokenModel>> read_token_model(const JsonNode& node);

Result<std::unique_ptr<TokenModel>> read_word_piece(const JsonNode& node);
Result<std::unique_ptr<TokenModel>> read_word_level(const JsonNode& node);
Result<std::unique_ptr<TokenModel>> read_bpe(const JsonNode& node);
Result<std::unique_ptr<TokenModel>> read_unigram(const JsonNode& node);

// The id of the token for what is unknown, which must be in the vocabulary.
Result<std::uint32_t> read_unknown(const JsonNode& node, std::string_view token, const TokenTable& table);
// The ids of <0x00> .. <0xFF>; kNoToken for those that are not there.
std::vector<std::uint32_t> byte_tokens(const TokenTable& table);

}  // namespace quiver::internal
