// Code points for tokenizers: decoding of valid UTF-8, and what kind of character a code point is.
//
//   for (std::size_t i = 0; i < text.size();) {
//     const CodePoint c = code_point_at(text, i);
//     if (is(c.code, kLetter | kNumber)) ...
//     i += c.size;
//   }
//
// The kinds are those of the reference implementation (PyPI tokenizers), whose libraries carry Unicode tables of
// several years: utf8proc's categories, corrected by code_point_overrides.inc, which tools/make_tokenizer_fixture
// measures on the reference itself. A table of one byte per code point is made on the first call (about 10 ms, 1.1 MB).
// Thread-safety: all functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace quiver::internal {

// Kinds, to be joined by |.
inline constexpr std::uint8_t kLetter = 1;        // \p{L}
inline constexpr std::uint8_t kNumber = 2;        // \p{N}
inline constexpr std::uint8_t kSpace = 4;         // White_Space, \s
inline constexpr std::uint8_t kWord = 8;          // \w: alphabetic, marks, decimal digits, connectors, joiners
inline constexpr std::uint8_t kPunctuation = 16;  // \p{P} and all of ASCII punctuation
inline constexpr std::uint8_t kMark = 32;         // \p{M}
inline constexpr std::uint8_t kNonSpacing = 64;   // Mn
inline constexpr std::uint8_t kControl = 128;     // Cc, Cf, Co: what BERT's cleaning removes

struct CodePoint {
  char32_t code;
  std::uint32_t size;  // in bytes
};

// Requires: valid UTF-8, and a character begins at `at`.
inline CodePoint code_point_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}
// The character that ends at `end`. Requires: valid UTF-8, end > 0.
inline CodePoint code_point_before(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return code_point_at(text, at);
}
// `size`, moved up to where a character of the text ends.
inline std::size_t whole_characters(std::string_view text, std::size_t size) noexcept {
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size < text.size() ? size : text.size();
}
std::size_t count_code_points(std::string_view text) noexcept;

void append_code_point(std::string& out, char32_t code);

std::uint8_t kinds_of(char32_t code) noexcept;
inline bool is(char32_t code, unsigned kinds) noexcept { return (kinds_of(code) & kinds) != 0; }

inline bool is_ascii(std::string_view text) noexcept {
  unsigned char all = 0;
  for (const char c : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  return all < 0x80;
}

// Of letters and marks: which of the classes [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and [\p{Ll}\p{Lm}\p{Lo}\p{M}] hold it.
enum class Case : std::uint8_t { None, Upper, Lower, Both };
Case case_of(char32_t code) noexcept;

// Full lower case of each character by itself: only U+0130 becomes two. No final sigma, as in the reference.
void append_lower(std::string& out, char32_t code);

// The normal forms. Appends to out.
enum class Form : std::uint8_t { Nfc, Nfd, Nfkc, Nfkd };
void append_normal(std::string& out, std::string_view text, Form form);

}  // namespace quiver::internal
