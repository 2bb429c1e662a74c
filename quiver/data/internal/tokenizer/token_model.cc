#include "quiver/data/internal/tokenizer/token_model.h"

#include <fmt/format.h>

namespace quiver::internal {

Result<std::uint32_t> read_unknown(const JsonNode& node, std::string_view token, const TokenTable& table) {
  const std::uint32_t id = table.find(token);
  if (id == kNoToken)
    return node.wrong(fmt::format("the token for unknown words, unk_token '{}', is not in the vocabulary of {} tokens",
                                  token, table.count()));
  return id;
}

std::vector<std::uint32_t> byte_tokens(const TokenTable& table) {
  std::vector<std::uint32_t> ids;
  for (unsigned byte = 0; byte < 256; ++byte) ids.push_back(table.find(fmt::format("<0x{:02X}>", byte)));
  return ids;
}

Result<std::unique_ptr<TokenModel>> read_token_model(const JsonNode& node) {
  QUIVER_TRY(const std::string_view type, node.text_or("type", ""));
  // Files of the first versions have no type: what they hold tells it.
  if (type == "BPE" || (type.empty() && node.find("merges"))) return read_bpe(node);
  if (type == "WordPiece" || (type.empty() && node.find("max_input_chars_per_word"))) return read_word_piece(node);
  if (type == "Unigram" || (type.empty() && node.find("unk_id"))) return read_unigram(node);
  if (type == "WordLevel" || (type.empty() && node.find("vocab"))) return read_word_level(node);
  return node.wrong(
      fmt::format("'{}' is no model that is supported; these are: WordPiece, BPE, Unigram, WordLevel", type));
}

}  // namespace quiver::internal
