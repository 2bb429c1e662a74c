// BERT's cleaning. In order: control characters out and white space to ' '; spaces around ideographs; accents off (NFD
// without its nonspacing marks); lower case. ASCII takes one pass for all four; a test holds both paths equal.
#include <algorithm>
#include <array>

#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/normalizer.h"

namespace quiver::internal {
namespace {
bool is_ideograph(char32_t code) {
  using Range = std::pair<char32_t, char32_t>;
  constexpr std::array<Range, 8> ranges{{{0x4E00, 0x9FFF},
                                         {0x3400, 0x4DBF},
                                         {0x20000, 0x2A6DF},
                                         {0x2A700, 0x2B73F},
                                         {0x2B740, 0x2B81F},
                                         {0x2B920, 0x2CEAF},
                                         {0xF900, 0xFAFF},
                                         {0x2F800, 0x2FA1F}}};
  return code >= 0x3400 &&
         std::ranges::any_of(ranges, [&](const Range& r) { return code >= r.first && code <= r.second; });
}
bool is_line_space(char32_t code) { return code == '\t' || code == '\n' || code == '\r'; }
bool is_removed(char32_t code) { return code == 0 || code == 0xFFFD || (!is_line_space(code) && is(code, kControl)); }

class BertNormalizer final : public Normalizer {
 public:
  BertNormalizer(bool clean, bool ideographs, bool accents, bool lower)
      : clean_(clean), ideographs_(ideographs), accents_(accents), lower_(lower) {}

  void apply(std::string& text, std::size_t& head) const override {
    if (text.empty()) return;
    std::string out;
    out.reserve(text.size() + text.size() / 2);
    std::size_t new_head = 0;
    const bool ascii = is_ascii(text);
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = code_point_at(text, i);
      i += c.size;
      append_clean(out, c.code, ascii && lower_);
      if (i <= head) new_head = out.size();
    }
    head = new_head;
    text.swap(out);
    if (ascii) return;
    if (accents_) strip_accents(text, out, head);
    if (lower_) {
      out.clear();
      new_head = 0;
      for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = code_point_at(text, i);
        i += c.size;
        append_lower(out, c.code);
        if (i <= head) new_head = out.size();
      }
      head = new_head;
      text.swap(out);
    }
  }

 private:
  void append_clean(std::string& out, char32_t code, bool lower) const {
    if (clean_) {
      if (is_removed(code)) return;
      if (is_line_space(code) || is(code, kSpace)) code = ' ';
    }
    const bool alone = ideographs_ && is_ideograph(code);
    if (alone) out.push_back(' ');
    if (lower) {
      append_lower(out, code);
    } else {
      append_code_point(out, code);
    }
    if (alone) out.push_back(' ');
  }
  static void strip_accents(std::string& text, std::string& out, std::size_t& head) {
    out.clear();
    append_normal(out, std::string_view(text).substr(0, head), Form::Nfd);
    head = out.size();
    out.clear();
    append_normal(out, text, Form::Nfd);
    head = whole_characters(out, head);
    text.clear();
    std::size_t new_head = 0;
    for (std::size_t i = 0; i < out.size();) {
      const CodePoint c = code_point_at(out, i);
      if (!is(c.code, kNonSpacing)) text.append(out, i, c.size);
      i += c.size;
      if (i <= head) new_head = text.size();
    }
    head = new_head;
  }

  bool clean_, ideographs_, accents_, lower_;
};
}  // namespace

Result<std::unique_ptr<Normalizer>> read_bert_normalizer(const JsonNode& node) {
  QUIVER_TRY(const bool clean, node.flag_or("clean_text", true));
  QUIVER_TRY(const bool ideographs, node.flag_or("handle_chinese_chars", true));
  QUIVER_TRY(const bool lower, node.flag_or("lowercase", true));
  QUIVER_TRY(const bool accents, node.flag_or("strip_accents", lower));
  return std::make_unique<BertNormalizer>(clean, ideographs, accents, lower);
}

}  // namespace quiver::internal
