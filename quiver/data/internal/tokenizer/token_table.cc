#include "quiver/data/internal/tokenizer/token_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver::internal {

Result<TokenTable> TokenTable::create(const std::vector<Entry>& entries) {
  TokenTable table;
  std::size_t size = 0, bytes = 0;
  for (const Entry& entry : entries) {
    if (entry.id >= kMaxTokens)
      return Error::invalid_argument(
          fmt::format("token '{}' has the id {}; ids are below {}", entry.text, entry.id, kMaxTokens));
    size = std::max<std::size_t>(size, entry.id + 1);
    bytes += entry.text.size();
  }
  std::vector<const Entry*> by_id(size);
  for (const Entry& entry : entries) {
    if (by_id[entry.id] != nullptr)
      return Error::invalid_argument(fmt::format("tokens '{}' and '{}' both have the id {}; each token needs its own",
                                                 by_id[entry.id]->text, entry.text, entry.id));
    by_id[entry.id] = &entry;
  }
  table.bytes_.reserve(bytes);
  table.ends_.reserve(size + 1);
  table.present_.resize(size);
  table.count_ = entries.size();
  std::vector<ByteTrie::Entry> texts;
  texts.reserve(entries.size());
  for (std::size_t id = 0; id < size; ++id) {
    if (by_id[id] != nullptr) {
      table.bytes_ += by_id[id]->text;
      table.present_[id] = true;
      texts.emplace_back(by_id[id]->text, static_cast<std::uint32_t>(id));
    }
    table.ends_.push_back(table.bytes_.size());
  }
  table.trie_ = ByteTrie(std::move(texts));
  return table;
}

Result<TokenTable> TokenTable::read(const JsonNode& vocab) {
  QUIVER_TRY(const auto object, vocab.as_object());
  std::vector<Entry> entries;
  entries.reserve(object.size());
  for (const auto& [text, value] : object) {
    std::uint64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS || id >= kMaxTokens)
      return vocab.wrong(fmt::format("the id of token '{}' must be a whole number below {}", text, kMaxTokens));
    entries.push_back({text, static_cast<std::uint32_t>(id)});
  }
  QUIVER_TRY(TokenTable table, create(entries).within(vocab.where()));
  for (const Entry& entry : entries) {
    if (table.find(entry.text) != entry.id)
      return vocab.wrong(fmt::format("token '{}' is listed twice, with the ids {} and {}", entry.text, entry.id,
                                     table.find(entry.text)));
  }
  return table;
}

}  // namespace quiver::internal
