// WordPiece: greedy longest match. "unwanted" -> "un" "##want" "##ed". A word of which some part matches nothing, or
// that is very long, is one unknown token. One walk of the trie per token.
#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/token_model.h"

namespace quiver::internal {
namespace {
class WordPiece final : public TokenModel {
 public:
  WordPiece(TokenTable tokens, std::uint32_t unknown, std::string_view prefix, std::size_t longest)
      : TokenModel(std::move(tokens)),
        unknown_(unknown),
        inside_(table().trie().walk(ByteTrie::kRoot, prefix)),
        longest_(longest) {}

  void encode(std::string_view word, std::vector<std::uint32_t>& ids, ModelScratch& /*scratch*/) const override {
    const std::size_t before = ids.size();
    bool known = word.size() <= longest_ || count_code_points(word) <= longest_;
    const ByteTrie& trie = table().trie();
    std::uint32_t node = ByteTrie::kRoot;
    for (std::size_t begin = 0; known && begin < word.size(); node = inside_) {
      std::size_t end = begin;
      std::uint32_t id = kNoToken;
      for (std::size_t i = begin; i < word.size() && node != ByteTrie::kNone;) {
        node = trie.step(node, word[i++]);
        if (node == ByteTrie::kNone || trie.value(node) == kNoToken) continue;
        id = trie.value(node);
        end = i;
      }
      known = id != kNoToken;
      ids.push_back(id);
      begin = end;
    }
    if (known) return;
    ids.resize(before);
    ids.push_back(unknown_);
  }

 private:
  std::uint32_t unknown_;
  std::uint32_t inside_;  // where tokens that go on a word begin; kNone: there are none
  std::size_t longest_;   // in characters
};
}  // namespace

Result<std::unique_ptr<TokenModel>> read_word_piece(const JsonNode& node) {
  QUIVER_TRY(const JsonNode vocab, node.child("vocab"));
  QUIVER_TRY(TokenTable table, TokenTable::read(vocab));
  QUIVER_TRY(const std::string_view unknown_token, node.text_or("unk_token", "[UNK]"));
  QUIVER_TRY(const std::string_view prefix, node.text_or("continuing_subword_prefix", "##"));
  std::uint64_t longest = 100;
  if (const auto limit = node.find("max_input_chars_per_word")) {
    QUIVER_TRY(longest, limit->as_number());
  }
  QUIVER_TRY(const std::uint32_t unknown, read_unknown(node, unknown_token, table));
  return std::make_unique<WordPiece>(std::move(table), unknown, prefix, longest);
}

}  // namespace quiver::internal
