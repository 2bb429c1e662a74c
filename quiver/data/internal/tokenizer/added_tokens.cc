#include "quiver/data/internal/tokenizer/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/data/internal/tokenizer/code_points.h"

namespace quiver::internal {
namespace {
std::size_t spaces_at_end(std::string_view text) {  // where the white space at its end begins
  std::size_t end = text.size();
  while (end > 0) {
    const CodePoint c = code_point_before(text, end);
    if (!is(c.code, kSpace)) break;
    end -= c.size;
  }
  return end;
}
std::size_t spaces_at_start(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size()) {
    const CodePoint c = code_point_at(text, end);
    if (!is(c.code, kSpace)) break;
    end += c.size;
  }
  return end;
}
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is(code_point_before(text, begin).code, kWord)) &&
         (end == text.size() || !is(code_point_at(text, end).code, kWord));
}
}  // namespace

Result<AddedTokens> AddedTokens::read(const JsonNode& node, const TokenTable& vocabulary,
                                      const Normalizer* normalizer) {
  AddedTokens added;
  QUIVER_TRY(const auto items, node.as_list());
  std::uint64_t next = vocabulary.count();  // the id of the next token that is new
  for (const JsonNode& item : items) {
    Token token;
    QUIVER_TRY(const std::string_view content, item.text("content"));
    QUIVER_TRY(const std::uint64_t id, item.number("id"));
    QUIVER_TRY(token.special, item.flag_or("special", false));
    QUIVER_TRY(token.single_word, item.flag_or("single_word", false));
    QUIVER_TRY(token.left, item.flag_or("lstrip", false));
    QUIVER_TRY(token.right, item.flag_or("rstrip", false));
    QUIVER_TRY(token.normalized, item.flag_or("normalized", !token.special));
    if (content.empty()) continue;
    const std::uint32_t known = vocabulary.find(content);
    const std::uint64_t expected = known != kNoToken ? known : next;
    if (id != expected)
      return item.wrong(fmt::format("'{}' says its id is {}; {}", content, id,
                                    known != kNoToken ? fmt::format("in the vocabulary it is {}", known)
                                                      : fmt::format("the next free id is {}", next)));
    if (known == kNoToken && (vocabulary.has(static_cast<std::uint32_t>(id)) || id >= kMaxTokens))
      return item.wrong(fmt::format("'{}' says its id is {}, which is taken or too large", content, id));
    if (known == kNoToken) ++next;
    token.id = static_cast<std::uint32_t>(id);
    token.content = token.written = content;
    if (token.normalized && normalizer != nullptr) {
      std::size_t head = 0;
      normalizer->apply(token.written, head);
    }
    added.tokens_.push_back(std::move(token));
  }
  std::ranges::sort(added.tokens_, {}, &Token::id);
  const auto twice = std::ranges::adjacent_find(added.tokens_, {}, &Token::id);
  if (twice != added.tokens_.end()) return node.wrong(fmt::format("the token '{}' is listed twice", twice->content));
  std::vector<ByteTrie::Entry> given, written, contents;
  for (std::uint32_t i = 0; i < added.tokens_.size(); ++i) {
    const Token& token = added.tokens_[i];
    contents.emplace_back(token.content, i);
    if (!token.written.empty()) (token.normalized ? written : given).emplace_back(token.written, i);
  }
  added.contents_ = ByteTrie(std::move(contents));
  added.given_ = finder(given);
  added.normalized_ = finder(written);
  return added;
}

AddedTokens::Finder AddedTokens::finder(const std::vector<ByteTrie::Entry>& entries) {
  Finder out;
  out.empty = entries.empty();
  for (const auto& [text, position] : entries) out.begins[static_cast<unsigned char>(text[0])] = true;
  out.trie = ByteTrie(entries);
  return out;
}

const AddedTokens::Token* AddedTokens::find(std::uint32_t id) const noexcept {
  const auto found = std::ranges::lower_bound(tokens_, id, {}, &Token::id);
  return found == tokens_.end() || found->id != id ? nullptr : &*found;
}
const AddedTokens::Token* AddedTokens::find(std::string_view content) const noexcept {
  const std::uint32_t found = contents_.find(content);
  return found == kNoToken ? nullptr : &tokens_[found];
}

void AddedTokens::split(Pieces& pieces, const Finder& finder) const {
  if (finder.empty) return;
  pieces.split([&](std::string_view text, const auto& keep) {
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
      if (!finder.begins[static_cast<unsigned char>(text[at])]) {
        ++at;
        continue;
      }
      std::uint32_t node = ByteTrie::kRoot, found = kNoToken;
      std::size_t end = at;
      for (std::size_t i = at; i < text.size();) {
        node = finder.trie.step(node, text[i++]);
        if (node == ByteTrie::kNone) break;
        if (finder.trie.value(node) == kNoToken) continue;
        found = finder.trie.value(node);
        end = i;
      }
      if (found == kNoToken) {
        ++at;
        continue;
      }
      const Token& token = tokens_[found];
      std::size_t begin = at;
      at = end;
      if (token.single_word && !stands_alone(text, begin, end)) continue;
      if (token.left) begin = std::max(done, spaces_at_end(text.substr(0, begin)));
      if (token.right) end += spaces_at_start(text.substr(end));
      keep(done, begin);
      keep(begin, end, token.id);
      done = end;
    }
    keep(done, text.size());
  });
}

}  // namespace quiver::internal
