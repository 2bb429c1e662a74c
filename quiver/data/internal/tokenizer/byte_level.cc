#include "quiver/data/internal/tokenizer/byte_level.h"

#include "quiver/data/internal/tokenizer/code_points.h"

namespace quiver::internal {
namespace {
struct ByteTables {
  std::array<ByteCharacter, 256> characters;
  std::array<std::int16_t, 0x144> bytes;  // by code point; -1: stands for none

  ByteTables() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool visible = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      const char32_t code = visible ? byte : next++;
      bytes.at(code) = static_cast<std::int16_t>(byte);
      std::string utf8;
      append_code_point(utf8, code);
      characters.at(byte).size = static_cast<std::uint8_t>(utf8.size());
      utf8.copy(characters.at(byte).utf8.data(), 2);
    }
  }
};
const ByteTables& byte_tables() {
  static const ByteTables tables;
  return tables;
}
}  // namespace

const std::array<ByteCharacter, 256>& byte_characters() { return byte_tables().characters; }

void append_byte_characters(std::string& out, std::string_view bytes) {
  const auto& characters = byte_characters();
  for (const char byte : bytes) out += characters[static_cast<unsigned char>(byte)].text();
}

void append_bytes_of(std::string& out, std::string_view token) {
  const auto& bytes = byte_tables().bytes;
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < token.size();) {
    const CodePoint c = code_point_at(token, i);
    if (c.code >= bytes.size() || bytes[c.code] < 0) {
      out.resize(before);
      out += token;
      return;
    }
    out.push_back(static_cast<char>(bytes[c.code]));
    i += c.size;
  }
}

}  // namespace quiver::internal
