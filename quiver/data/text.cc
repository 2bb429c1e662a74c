#include "quiver/data/text.h"

#include <fmt/format.h>
#include <libstemmer.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "quiver/core/check.h"
#include "quiver/core/options.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
constexpr char32_t kReplacement = 0xFFFD;

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

// One code point from the front of `text`; an invalid byte is one U+FFFD. Removes what it read.
char32_t next_code_point(std::string_view& text) {
  utf8proc_int32_t code = 0;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
  text.remove_prefix(read > 0 ? static_cast<std::size_t>(read) : 1);
  return read > 0 ? static_cast<char32_t>(code) : kReplacement;
}
void append_utf8(std::string& out, char32_t code) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

void fold_ascii(std::string& text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

enum class CodeKind : std::uint8_t { Other, Letter, Alone };  // Alone: a word of its own
CodeKind kind_of(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CodeKind::Letter;
    case UTF8PROC_CATEGORY_LO:
      break;
    default:
      return CodeKind::Other;
  }
  const bool hiragana = code >= 0x3041 && code <= 0x309F;
  const bool han = (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x4E00 && code <= 0x9FFF) ||
                   (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x20000 && code <= 0x3FFFF);
  return hiragana || han ? CodeKind::Alone : CodeKind::Letter;
}
bool is_ascii_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
}  // namespace

std::string fold_text(std::string_view text) {
  std::string out(text);
  if (is_ascii(text)) {
    fold_ascii(out);
    return out;
  }
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
  std::string valid = repair_utf8(text);
  utf8proc_uint8_t* folded = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                 static_cast<utf8proc_ssize_t>(valid.size()), &folded, options);
  if (size < 0) return valid;  // out of memory or an unassigned code point that overflows: leave the text as it is
  out.assign(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size));
  std::free(folded);  // NOLINT(cppcoreguidelines-no-malloc): utf8proc allocates with malloc
  return out;
}

std::string repair_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    // How many bytes follow, and between which bounds the first of them lies.
    std::size_t follow = lead < 0x80 ? 0 : lead < 0xC2 ? 4 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 4;
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    std::size_t size = 1;
    for (; follow < 4 && size <= follow && size < text.size(); ++size) {
      const auto byte = static_cast<unsigned char>(text[size]);
      if (byte < low || byte > high) break;
      low = 0x80;
      high = 0xBF;
    }
    if (size == follow + 1) {
      out += text.substr(0, size);
    } else {
      append_utf8(out, kReplacement);
    }
    text.remove_prefix(size);
  }
  return out;
}

Result<void> check_utf8(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto ascii = std::ranges::find_if(rest, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
    rest.remove_prefix(static_cast<std::size_t>(ascii - rest.begin()));
    if (rest.empty()) break;
    utf8proc_int32_t code = 0;
    const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                       static_cast<utf8proc_ssize_t>(rest.size()), &code);
    if (read <= 0) {
      const auto line = 1 + std::ranges::count(text.substr(0, text.size() - rest.size()), '\n');
      return Error::corruption(
          fmt::format("line {} is not UTF-8 (byte 0x{:02X}); convert it, for example: iconv -f latin1 -t utf8", line,
                      static_cast<unsigned char>(rest[0])));
    }
    rest.remove_prefix(static_cast<std::size_t>(read));
  }
  return {};
}

std::span<const std::string_view> WordSplitter::split(std::string_view text) {
  cuts_.clear();
  if (is_ascii(text)) {
    buffer_.assign(text);
    fold_ascii(buffer_);
    for (std::size_t i = 0; i < buffer_.size();) {
      while (i < buffer_.size() && !is_ascii_word(buffer_[i])) ++i;
      const std::size_t begin = i;
      while (i < buffer_.size() && is_ascii_word(buffer_[i])) ++i;
      if (i > begin) cuts_.emplace_back(begin, i - begin);
    }
  } else {
    buffer_ = fold_text(text);
    split_folded();
  }
  words_.clear();
  for (const auto& [begin, size] : cuts_) words_.emplace_back(buffer_.data() + begin, size);
  return words_;
}

void WordSplitter::split_folded() {
  std::string_view rest = buffer_;
  std::size_t begin = 0, end = 0;  // the word that is open
  const auto close = [&] {
    if (end > begin) cuts_.emplace_back(begin, end - begin);
  };
  while (!rest.empty()) {
    const std::size_t at = buffer_.size() - rest.size();
    const CodeKind kind = kind_of(next_code_point(rest));
    const std::size_t after = buffer_.size() - rest.size();
    if (kind == CodeKind::Letter) {
      if (end != at || end == begin) {
        close();
        begin = at;
      }
      end = after;
    } else {
      close();
      begin = end = after;
      if (kind == CodeKind::Alone) cuts_.emplace_back(at, after - at);
    }
  }
  close();
}

std::vector<std::string> words_of(std::string_view text) {
  WordSplitter splitter;
  const auto words = splitter.split(text);
  return {words.begin(), words.end()};
}

void Stemmer::Free::operator()(void* stemmer) const noexcept { sb_stemmer_delete(static_cast<sb_stemmer*>(stemmer)); }
Stemmer::Stemmer(Stemmer&&) noexcept = default;
Stemmer& Stemmer::operator=(Stemmer&&) noexcept = default;
Stemmer::~Stemmer() = default;

Result<Stemmer> Stemmer::create(std::string_view language) {
  Stemmer stemmer;
  stemmer.language_ = language;
  stemmer.stemmer_.reset(sb_stemmer_new(stemmer.language_.c_str(), "UTF_8"));
  if (!stemmer.stemmer_) {
    const auto known = languages();
    const std::string near = did_you_mean(language, known);
    return Error::invalid_argument(fmt::format("there is no stemmer for '{}'{}; the languages are {}", language,
                                               near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                               fmt::join(known, ", ")));
  }
  return stemmer;
}
std::string_view Stemmer::stem(std::string_view word) {
  auto* stemmer = static_cast<sb_stemmer*>(stemmer_.get());
  const auto* stem =
      sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (stem == nullptr) return word;  // out of memory
  return {reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer))};
}
std::vector<std::string> Stemmer::languages() {
  std::vector<std::string> out;
  for (const char** name = sb_stemmer_list(); *name != nullptr; ++name) out.emplace_back(*name);
  return out;
}

NgramSplitter::NgramSplitter(unsigned low, unsigned high) : low_(low), high_(high) {
  QUIVER_CHECK(low >= 1 && low <= high);
}
std::span<const std::string_view> NgramSplitter::split(std::string_view word) {
  marked_.assign(1, '<').append(word).push_back('>');
  starts_.clear();  // of code points
  for (std::size_t i = 0; i < marked_.size(); ++i) {
    if ((static_cast<unsigned char>(marked_[i]) & 0xC0) != 0x80) starts_.push_back(static_cast<std::uint32_t>(i));
  }
  const std::size_t points = starts_.size();
  starts_.push_back(static_cast<std::uint32_t>(marked_.size()));
  grams_.clear();
  for (std::size_t length = low_; length <= high_ && length <= points; ++length) {
    for (std::size_t i = 0; i + length <= points; ++i) {
      grams_.emplace_back(marked_.data() + starts_[i], starts_[i + length] - starts_[i]);
    }
  }
  return grams_;
}

std::uint64_t feature_hash(std::string_view bytes, std::uint64_t seed) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325 ^ seed;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix(hash);
}

}  // namespace quiver
