// Bytes as characters: byte-level BPE writes each byte of a text as one visible character (GPT-2's table), so that its
// vocabulary is text. Printable Latin-1 stands for itself, the other 68 bytes are U+0100 and on: a space is U+0120.
// Thread-safety: all functions.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace quiver::internal {

// The character of each byte, as UTF-8 of one or two bytes.
struct ByteCharacter {
  std::array<char, 2> utf8{};
  std::uint8_t size = 0;
  std::string_view text() const noexcept { return {utf8.data(), size}; }
};
const std::array<ByteCharacter, 256>& byte_characters();

void append_byte_characters(std::string& out, std::string_view bytes);

// The bytes that the characters of a token stand for, or the token itself if some character stands for none.
void append_bytes_of(std::string& out, std::string_view token);

}  // namespace quiver::internal
