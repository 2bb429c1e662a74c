// Byte pair encoding (Sennrich et al., 2016). A word begins as its characters; of all neighbours that were merged in
// training, those merged first are joined, the leftmost first, until none is left.
//
//   "lower" with merges (l,o) (lo,w) (e,r):   l o w e r -> lo w e r -> low e r -> low er
//
// Three ways to the same ids: a word that is a token and that merging makes one again is looked up; a short word is
// scanned for its best pair again and again; a long one keeps its pairs in a heap, O(n log n). Tests compare them.
// Fields: unk_token, fuse_unk, continuing_subword_prefix, end_of_word_suffix, byte_fallback (<0x..> tokens for the
// bytes of unknown characters), ignore_merges (a word that is a token is that token). dropout is refused: it is for
// training.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/token_model.h"

namespace quiver::internal {
namespace {
constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();  // rank of a pair that does not merge
constexpr std::size_t kShort = 48;                                           // tokens; beyond, the heap is faster

// (left, right) -> (rank, merged), open addressing.
class MergeTable {
 public:
  struct Merge {
    std::uint64_t pair = kEmpty;
    std::uint32_t rank = kNever, merged = kNoToken;
  };
  explicit MergeTable(std::size_t merges)
      : slots_(std::bit_ceil(2 * merges + 2)), shift_(64 - std::countr_zero(slots_.size())) {}
  void put(std::uint32_t left, std::uint32_t right, std::uint32_t rank, std::uint32_t merged) {
    slots_[slot(key(left, right))] = {key(left, right), rank, merged};
  }
  const Merge& find(std::uint32_t left, std::uint32_t right) const noexcept {  // rank kNever: none
    return slots_[slot(key(left, right))];
  }

 private:
  static constexpr std::uint64_t kEmpty = std::numeric_limits<std::uint64_t>::max();
  static std::uint64_t key(std::uint32_t left, std::uint32_t right) { return std::uint64_t{left} << 32 | right; }
  std::size_t slot(std::uint64_t pair) const noexcept {
    std::size_t at = pair * 0x9E3779B97F4A7C15 >> shift_;
    while (slots_[at].pair != pair && slots_[at].pair != kEmpty) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  std::vector<Merge> slots_;
  int shift_;
};

struct BpeFields {
  std::string unknown_token, prefix, suffix;
  bool fuse_unknown = false, byte_fallback = false, ignore_merges = false;
};

class Bpe final : public TokenModel {
 public:
  Bpe(TokenTable tokens, MergeTable merges, std::uint32_t unknown, const BpeFields& fields)
      : TokenModel(std::move(tokens)),
        merges_(std::move(merges)),
        unknown_(unknown),
        inside_(table().trie().walk(ByteTrie::kRoot, fields.prefix)),
        prefix_(fields.prefix),
        suffix_(fields.suffix),
        fuse_unknown_(fields.fuse_unknown),
        ignore_merges_(fields.ignore_merges),
        whole_(table().size()) {
    if (fields.byte_fallback) bytes_ = byte_tokens(table());
    // Which tokens, met as words, merge to themselves.
    ModelScratch scratch;
    for (std::uint32_t id = 0; id < table().size(); ++id) {
      std::string_view word = table().text(id);
      if (!word.ends_with(suffix_)) continue;
      word.remove_suffix(suffix_.size());
      if (word.empty() || word.size() > kShort) continue;
      merge(word, scratch);
      whole_[id] = scratch.ids.size() == 1 && scratch.ids[0] == id;
    }
  }

  void encode(std::string_view word, std::vector<std::uint32_t>& ids, ModelScratch& scratch) const override {
    const ByteTrie& trie = table().trie();
    std::uint32_t node = trie.walk(ByteTrie::kRoot, word);
    if (ignore_merges_ && node != ByteTrie::kNone && trie.value(node) != kNoToken) {
      ids.push_back(trie.value(node));
      return;
    }
    if (node != ByteTrie::kNone && !suffix_.empty()) node = trie.walk(node, suffix_);
    if (node != ByteTrie::kNone && trie.value(node) != kNoToken && whole_[trie.value(node)]) {
      ids.push_back(trie.value(node));
      return;
    }
    merge(word, scratch);
    ids.insert(ids.end(), scratch.ids.begin(), scratch.ids.end());
  }

 private:
  void merge(std::string_view word, ModelScratch& scratch) const {
    begin(word, scratch.ids);
    if (scratch.ids.size() <= kShort) {
      merge_scanning(scratch);
    } else {
      merge_by_heap(scratch);
    }
  }

  // The tokens of the characters. What is unknown waits, so that a run of it can be one token.
  void begin(std::string_view word, std::vector<std::uint32_t>& ids) const {
    ids.clear();
    const ByteTrie& trie = table().trie();
    bool waiting = false;
    for (std::size_t i = 0; i < word.size();) {
      const std::string_view character = word.substr(i, code_point_at(word, i).size);
      std::uint32_t node = i == 0 ? ByteTrie::kRoot : inside_;
      i += character.size();
      const bool last = i == word.size();
      if (node != ByteTrie::kNone) node = trie.walk(node, character);
      if (node != ByteTrie::kNone && last) node = trie.walk(node, suffix_);
      const std::uint32_t id = node == ByteTrie::kNone ? kNoToken : trie.value(node);
      if (id != kNoToken) {
        if (waiting) ids.push_back(unknown_);
        waiting = false;
        ids.push_back(id);
      } else if (!append_bytes(character, last, i == character.size(), ids) && unknown_ != kNoToken) {
        if (waiting && !fuse_unknown_) ids.push_back(unknown_);
        waiting = true;
      }
    }
    if (waiting) ids.push_back(unknown_);
  }

  // False: not all of the bytes have a token, or there is no fallback to them.
  bool append_bytes(std::string_view character, bool last, bool first, std::vector<std::uint32_t>& ids) const {
    if (bytes_.empty()) return false;
    const std::size_t before = ids.size();
    const auto append = [&](std::string_view text) {
      return std::ranges::all_of(text, [&](char byte) {
        ids.push_back(bytes_[static_cast<unsigned char>(byte)]);
        return ids.back() != kNoToken;
      });
    };
    const bool all = (first || append(prefix_)) && append(character) && (!last || append(suffix_));
    if (!all) ids.resize(before);
    return all;
  }

  void merge_scanning(ModelScratch& scratch) const {
    auto& ids = scratch.ids;
    auto& ranks = scratch.ranks;  // of (i, i + 1)
    ranks.clear();
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) ranks.push_back(merges_.find(ids[i], ids[i + 1]).rank);
    while (!ranks.empty()) {
      const auto best = std::ranges::min_element(ranks);
      if (*best == kNever) return;
      const auto i = static_cast<std::size_t>(best - ranks.begin());
      ids[i] = merges_.find(ids[i], ids[i + 1]).merged;
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      ranks.erase(best);
      if (i > 0) ranks[i - 1] = merges_.find(ids[i - 1], ids[i]).rank;
      if (i < ranks.size()) ranks[i] = merges_.find(ids[i], ids[i + 1]).rank;
    }
  }

  void merge_by_heap(ModelScratch& scratch) const {
    using Candidate = ModelScratch::Candidate;
    auto& symbols = scratch.symbols;
    auto& heap = scratch.heap;
    const auto later = [](const Candidate& a, const Candidate& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
    };
    const auto push = [&](std::uint32_t at) {
      const std::uint32_t next = symbols[at].next;
      if (next == symbols.size()) return;
      const auto& merge = merges_.find(symbols[at].id, symbols[next].id);
      if (merge.rank == kNever) return;
      heap.push_back({merge.rank, at, merge.merged});
      std::ranges::push_heap(heap, later);
    };
    symbols.clear();
    heap.clear();
    for (std::uint32_t i = 0; i < scratch.ids.size(); ++i) symbols.push_back({scratch.ids[i], i - 1, i + 1});
    for (std::uint32_t i = 0; i < symbols.size(); ++i) push(i);
    while (!heap.empty()) {
      std::ranges::pop_heap(heap, later);
      const Candidate top = heap.back();
      heap.pop_back();
      auto& left = symbols[top.position];
      if (left.id == kNoToken || left.next == symbols.size()) continue;  // merged into its left, or the last
      auto& right = symbols[left.next];
      if (merges_.find(left.id, right.id).merged != top.merged) continue;  // one of the two has changed since
      left.id = top.merged;
      right.id = kNoToken;
      left.next = right.next;
      if (left.next < symbols.size()) symbols[left.next].previous = top.position;
      if (top.position > 0) push(left.previous);
      push(top.position);
    }
    scratch.ids.clear();
    for (const auto& symbol : symbols) {
      if (symbol.id != kNoToken) scratch.ids.push_back(symbol.id);
    }
  }

  MergeTable merges_;
  std::uint32_t unknown_;  // kNoToken: unknown characters leave no token
  std::uint32_t inside_;   // where tokens of characters behind the first begin
  std::string prefix_, suffix_;
  bool fuse_unknown_, ignore_merges_;
  std::vector<std::uint32_t> bytes_;  // by byte; empty: no fallback to bytes
  std::vector<bool> whole_;
};

// "a b" or ["a", "b"].
Result<std::pair<std::string_view, std::string_view>> read_pair(const simdjson::dom::element& element,
                                                                const JsonNode& merges, std::size_t number) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    const std::size_t space = text.find(' ');
    if (space != text.npos && text.find(' ', space + 1) == text.npos)
      return std::pair(text.substr(0, space), text.substr(space + 1));
    return merges.wrong(fmt::format("merge {} is '{}'; it must be two tokens with one space between", number, text));
  }
  simdjson::dom::array both;
  std::string_view left, right;
  if (element.get(both) != simdjson::SUCCESS || both.size() != 2 || both.at(0).get(left) != simdjson::SUCCESS ||
      both.at(1).get(right) != simdjson::SUCCESS)
    return merges.wrong(fmt::format("merge {} must be two tokens, \"a b\" or [\"a\", \"b\"]", number));
  return std::pair(left, right);
}

Result<MergeTable> read_merges(const JsonNode& merges, const TokenTable& table, std::string_view prefix) {
  QUIVER_TRY(const auto list, merges.as_array());
  MergeTable out(static_cast<std::size_t>(std::distance(list.begin(), list.end())));
  std::uint32_t number = 0;
  std::string joined;
  for (const simdjson::dom::element item : list) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS && text.starts_with("#version")) continue;
    QUIVER_TRY(const auto pair, read_pair(item, merges, number + 1));
    const auto& [left, right] = pair;
    joined.assign(left).append(right.starts_with(prefix) ? right.substr(prefix.size()) : right);
    for (const std::string_view token : {left, right, std::string_view(joined)}) {
      if (table.find(token) == kNoToken)
        return merges.wrong(fmt::format("merge {} joins '{}' and '{}', but '{}' is not in the vocabulary", number + 1,
                                        left, right, token));
    }
    out.put(table.find(left), table.find(right), number++, table.find(joined));
  }
  return out;
}
}  // namespace

Result<std::unique_ptr<TokenModel>> read_bpe(const JsonNode& node) {
  if (const auto dropout = node.find("dropout")) {
    QUIVER_TRY(const double share, dropout->as_real());
    if (share != 0)
      return node.wrong(
          fmt::format("dropout is {}: merges left out by chance are for training; set it to null", share));
  }
  BpeFields fields;
  QUIVER_TRY(fields.unknown_token, node.text_or("unk_token", ""));
  QUIVER_TRY(fields.prefix, node.text_or("continuing_subword_prefix", ""));
  QUIVER_TRY(fields.suffix, node.text_or("end_of_word_suffix", ""));
  QUIVER_TRY(fields.fuse_unknown, node.flag_or("fuse_unk", false));
  QUIVER_TRY(fields.byte_fallback, node.flag_or("byte_fallback", false));
  QUIVER_TRY(fields.ignore_merges, node.flag_or("ignore_merges", false));
  QUIVER_TRY(const JsonNode vocab, node.child("vocab"));
  QUIVER_TRY(TokenTable table, TokenTable::read(vocab));
  QUIVER_TRY(const JsonNode list, node.child("merges"));
  QUIVER_TRY(MergeTable merges, read_merges(list, table, fields.prefix));
  std::uint32_t unknown = kNoToken;
  if (!fields.unknown_token.empty()) {
    QUIVER_TRY(unknown, read_unknown(node, fields.unknown_token, table));
  }
  return std::make_unique<Bpe>(std::move(table), std::move(merges), unknown, fields);
}

}  // namespace quiver::internal
