#include "quiver/data/internal/tokenizer/charsmap.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "quiver/data/internal/tokenizer/code_points.h"

namespace quiver::internal {
namespace {
Result<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return Error::invalid_argument(fmt::format("character {} is not base64", i + 1));
    }
    bits = bits << 6 | value;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out.push_back(static_cast<char>(bits >> have & 0xFF));
  }
  return out;
}

class Charsmap final : public Normalizer {
 public:
  Charsmap(std::vector<std::uint32_t> trie, std::string replacements)
      : trie_(std::move(trie)), replacements_(std::move(replacements)) {}

  void apply(std::string& text, std::size_t& head) const override {
    std::string out;
    out.reserve(text.size());
    std::size_t begin = 0;  // of the grapheme
    bool first_gone = false;
    utf8proc_int32_t state = 0;
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = code_point_at(text, i);
      i += c.size;
      const bool ends =
          i == text.size() ||
          utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(c.code),
                                           static_cast<utf8proc_int32_t>(code_point_at(text, i).code), &state) != 0;
      if (!ends) continue;
      append_grapheme(out, std::string_view(text).substr(begin, i - begin));
      if (begin == 0 && head > 0) {
        head = out.size();
        first_gone = head == 0;
      }
      begin = i;
    }
    // The reference counts what follows a first character that became nothing in its place.
    if (first_gone && !out.empty()) head = code_point_at(out, 0).size;
    text.swap(out);
  }

 private:
  void append_grapheme(std::string& out, std::string_view grapheme) const {
    if (grapheme.size() < 6) {
      if (const auto with = replacement(grapheme)) {
        out += *with;
        return;
      }
    }
    for (std::size_t i = 0; i < grapheme.size();) {
      const CodePoint c = code_point_at(grapheme, i);
      const std::string_view character = grapheme.substr(i, c.size);
      out += replacement(character).value_or(character);
      i += c.size;
    }
  }

  // Of the shortest key that `text` begins with. The units of the double array are darts-clone's.
  std::optional<std::string_view> replacement(std::string_view text) const {
    const auto offset = [](std::uint32_t unit) { return unit >> 10 << ((unit & 1U << 9) >> 6); };
    std::size_t node = offset(trie_[0]);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return {};
      node ^= byte;
      if (node >= trie_.size()) return {};
      const std::uint32_t unit = trie_[node];
      if ((unit & (1U << 31 | 0xFF)) != byte) return {};
      node ^= offset(unit);
      if (node >= trie_.size()) return {};
      if ((unit >> 8 & 1) != 0) {
        const std::size_t at = trie_[node] & ~(1U << 31);
        if (at >= replacements_.size() || (static_cast<unsigned char>(replacements_[at]) & 0xC0) == 0x80) return {};
        const std::string_view rest = std::string_view(replacements_).substr(at);
        return rest.substr(0, rest.find('\0'));
      }
    }
    return {};
  }

  std::vector<std::uint32_t> trie_;  // not empty
  std::string replacements_;
};

class Nothing final : public Normalizer {
 public:
  void apply(std::string& /*text*/, std::size_t& /*head*/) const override {}
};
}  // namespace

Result<std::unique_ptr<Normalizer>> read_charsmap(std::string_view base64) {
  if (base64.empty()) return std::make_unique<Nothing>();  // SentencePiece's rule "identity"
  QUIVER_TRY(std::string bytes, decode_base64(base64));
  std::uint32_t size = 0;
  if (bytes.size() < 4) return Error::corruption("the table ends before its size");
  std::memcpy(&size, bytes.data(), 4);
  if (size == 0 || size % 4 != 0 || size > bytes.size() - 4)
    return Error::corruption(
        fmt::format("the table says its trie has {} bytes and there are {}", size, bytes.size() - 4));
  std::vector<std::uint32_t> trie(size / 4);
  std::memcpy(trie.data(), bytes.data() + 4, size);
  std::string replacements = bytes.substr(4 + size);
  if (!simdjson::validate_utf8(replacements)) return Error::corruption("the table's replacements are not UTF-8");
  return std::make_unique<Charsmap>(std::move(trie), std::move(replacements));
}

}  // namespace quiver::internal
