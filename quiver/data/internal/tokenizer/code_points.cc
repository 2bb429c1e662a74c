#include "quiver/data/internal/tokenizer/code_points.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <vector>

#include "quiver/core/check.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kCodes = 0x110000;

struct Override {
  char32_t first, last;
};
struct LowerCase {  // of a run of characters: `to` is that of the first
  char32_t first, last, to;
};
#include "quiver/data/internal/tokenizer/code_point_overrides.inc"

std::uint8_t kinds_by_utf8proc(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return kLetter | kWord;
    case UTF8PROC_CATEGORY_MN:
      return kMark | kNonSpacing | kWord;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return kMark | kWord;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
      return kNumber | kWord;
    case UTF8PROC_CATEGORY_NO:
      return kNumber;
    case UTF8PROC_CATEGORY_PC:
      return kPunctuation | kWord;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return kPunctuation;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return kControl;
    default:
      return 0;
  }
}

using Table = std::array<std::uint8_t, kCodes>;
std::unique_ptr<Table> make_table() {
  auto table = std::make_unique<Table>();
  for (std::size_t code = 0; code < kCodes; ++code) (*table)[code] = kinds_by_utf8proc(static_cast<char32_t>(code));
  const auto set = [&](const auto& ranges, unsigned kind, bool on) {
    for (const Override& range : ranges) {
      for (char32_t code = range.first; code <= range.last; ++code) {
        auto& kinds = (*table)[code];
        kinds = static_cast<std::uint8_t>(on ? kinds | kind : kinds & ~kind);
      }
    }
  };
  constexpr std::array<Override, 10> spaces{{{9, 13},
                                             {' ', ' '},
                                             {0x85, 0x85},
                                             {0xA0, 0xA0},
                                             {0x1680, 0x1680},
                                             {0x2000, 0x200A},
                                             {0x2028, 0x2029},
                                             {0x202F, 0x202F},
                                             {0x205F, 0x205F},
                                             {0x3000, 0x3000}}};
  // Alphabetic symbols (circled and squared letters) and the joiners are word characters of \w too.
  constexpr std::array<Override, 5> words{
      {{0x200C, 0x200D}, {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}}};
  constexpr std::array<Override, 4> ascii{{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}};
  set(spaces, kSpace, true);
  set(words, kWord, true);
  set(ascii, kPunctuation, true);
  set(kLetterMore, kLetter, true);
  set(kNumberMore, kNumber, true);
  set(kWordMore, kWord, true);
  set(kPunctuationMore, kPunctuation, true);
  set(kPunctuationLess, kPunctuation, false);
  set(kMarkMore, kMark, true);
  set(kMarkLess, kMark, false);
  set(kNonSpacingMore, kNonSpacing, true);
  set(kNonSpacingLess, kNonSpacing, false);
  set(kControlLess, kControl, false);
  return table;
}

// Characters that the reference's older tables neither decompose nor move.
bool stays_whole(char32_t code, Form form) {
  if (code < 0x7FD) return false;
  const auto in = [&](const auto& ranges) {
    return std::ranges::any_of(ranges, [&](const Override& r) { return code >= r.first && code <= r.last; });
  };
  return in(kMovesLess) || in(kCanonicalLess) || (form >= Form::Nfkc && in(kCompatibleLess));
}

// One stretch, through utf8proc.
void append_stretch(std::string& out, std::string_view text, Form form) {
  if (text.empty()) return;
  int options = UTF8PROC_STABLE;
  options |= form == Form::Nfc || form == Form::Nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == Form::Nfkc || form == Form::Nfkd) options |= UTF8PROC_COMPAT;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  std::vector<utf8proc_int32_t> codes(text.size() + 32);
  auto count = utf8proc_decompose(bytes, size, codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                                  static_cast<utf8proc_option_t>(options));
  if (count > static_cast<utf8proc_ssize_t>(codes.size())) {  // U+FDFA alone becomes 18 characters
    codes.resize(static_cast<std::size_t>(count));
    count = utf8proc_decompose(bytes, size, codes.data(), count, static_cast<utf8proc_option_t>(options));
  }
  if (count >= 0) count = utf8proc_normalize_utf32(codes.data(), count, static_cast<utf8proc_option_t>(options));
  if (count < 0) {  // not for valid UTF-8
    out.append(text);
    return;
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    append_code_point(out, static_cast<char32_t>(codes[static_cast<std::size_t>(i)]));
}
}  // namespace

std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

void append_code_point(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

std::uint8_t kinds_of(char32_t code) noexcept {
  static const std::unique_ptr<Table> table = make_table();
  QUIVER_DCHECK(code < kCodes);
  return (*table)[code];
}

Case case_of(char32_t code) noexcept {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return Case::Upper;
    case UTF8PROC_CATEGORY_LL:
      return Case::Lower;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Case::Both;
    default:
      return is(code, kLetter) ? Case::Both : Case::None;  // letters newer than utf8proc
  }
}

void append_lower(std::string& out, char32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code));
    return;
  }
  if (code == 0x130) {  // I with dot above: the one character whose lower case is two
    out += "i\xCC\x87";
    return;
  }
  const auto* const more =
      code < kLowerMore[0].first ? std::end(kLowerMore) : std::ranges::find_if(kLowerMore, [&](const LowerCase& run) {
        return code >= run.first && code <= run.last;
      });
  if (more != std::end(kLowerMore)) {
    append_code_point(out, more->to + (code - more->first));
    return;
  }
  append_code_point(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

void append_normal(std::string& out, std::string_view text, Form form) {
  // ASCII before ASCII is already normal: what is left are stretches of other characters, each with the ASCII
  // character before it, which a mark may join.
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    std::size_t begin = i > done ? i - 1 : i;
    out.append(text.substr(done, begin - done));
    while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x80) {
      const CodePoint c = code_point_at(text, i);
      if (stays_whole(c.code, form)) {
        append_stretch(out, text.substr(begin, i - begin), form);
        out.append(text.substr(i, c.size));
        begin = i + c.size;
      }
      i += c.size;
    }
    append_stretch(out, text.substr(begin, i - begin), form);
    done = i;
  }
  out.append(text.substr(done));
}

}  // namespace quiver::internal
