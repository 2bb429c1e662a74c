// WordLevel: a word is its token, or unknown.
#include "quiver/data/internal/tokenizer/token_model.h"

namespace quiver::internal {
namespace {
class WordLevel final : public TokenModel {
 public:
  WordLevel(TokenTable tokens, std::uint32_t unknown) : TokenModel(std::move(tokens)), unknown_(unknown) {}
  void encode(std::string_view word, std::vector<std::uint32_t>& ids, ModelScratch& /*scratch*/) const override {
    const std::uint32_t id = table().find(word);
    ids.push_back(id == kNoToken ? unknown_ : id);
  }

 private:
  std::uint32_t unknown_;
};
}  // namespace

Result<std::unique_ptr<TokenModel>> read_word_level(const JsonNode& node) {
  QUIVER_TRY(const JsonNode vocab, node.child("vocab"));
  QUIVER_TRY(TokenTable table, TokenTable::read(vocab));
  QUIVER_TRY(const std::string_view unknown_token, node.text_or("unk_token", "<unk>"));
  QUIVER_TRY(const std::uint32_t unknown, read_unknown(node, unknown_token, table));
  return std::make_unique<WordLevel>(std::move(table), unknown);
}

}  // namespace quiver::internal
