// TokenTable: the vocabulary of a tokenizer model, both ways: text to id (a trie, which models also walk themselves)
// and id to text. Ids may leave holes; the table is as long as the highest id. Thread-safety: immutable. Cost: find()
// is a step of the trie per byte, text() two loads.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/byte_trie.h"
#include "quiver/data/internal/tokenizer/json_node.h"

namespace quiver::internal {

inline constexpr std::uint32_t kNoToken = ByteTrie::kNone;
inline constexpr std::uint32_t kMaxTokens = 1U
                                            << 24;  // ids are below: a file cannot ask for more memory than it brings

class TokenTable {
 public:
  struct Entry {
    std::string_view text;
    std::uint32_t id;
  };
  // Errors: an id of kMaxTokens or more, two texts with one id.
  static Result<TokenTable> create(const std::vector<Entry>& entries);
  // From {"token": id, ...}; also an Error: a text listed twice.
  static Result<TokenTable> read(const JsonNode& vocab);

  std::size_t size() const noexcept { return ends_.size() - 1; }  // the highest id and one
  std::size_t count() const noexcept { return count_; }           // tokens: size() without holes
  bool has(std::uint32_t id) const noexcept { return id < size() && present_[id]; }
  std::string_view text(std::uint32_t id) const noexcept {  // empty for a hole
    return id < size() ? std::string_view(bytes_).substr(ends_[id], ends_[id + 1] - ends_[id]) : std::string_view();
  }
  std::uint32_t find(std::string_view text) const noexcept { return trie_.find(text); }  // kNoToken: not there
  const ByteTrie& trie() const noexcept { return trie_; }

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_{0};
  std::vector<bool> present_;
  std::size_t count_ = 0;
  ByteTrie trie_;
};

}  // namespace quiver::internal
