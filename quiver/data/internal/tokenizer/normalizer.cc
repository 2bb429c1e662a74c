#include "quiver/data/internal/tokenizer/normalizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/data/internal/tokenizer/byte_level.h"
#include "quiver/data/internal/tokenizer/charsmap.h"
#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/pattern.h"

namespace quiver::internal {
namespace {
class NormalForm final : public Normalizer {
 public:
  explicit NormalForm(Form form) : form_(form) {}
  void apply(std::string& text, std::size_t& head) const override {
    if (is_ascii(text)) return;
    std::string out;
    out.reserve(text.size());
    append_normal(out, std::string_view(text).substr(0, head), form_);
    head = out.size();
    out.clear();
    append_normal(out, text, form_);
    text.swap(out);
    head = whole_characters(text, head);  // what follows may have joined it
  }

 private:
  Form form_;
};

// Writes each character anew, or not at all.
template <class Write>
void rewrite_characters(std::string& text, std::size_t& head, Write&& write) {
  std::string out;
  out.reserve(text.size());
  std::size_t new_head = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = code_point_at(text, i);
    write(out, c.code);
    i += c.size;
    if (i <= head) new_head = out.size();
  }
  head = new_head;
  text.swap(out);
}

class Lowercase final : public Normalizer {
 public:
  void apply(std::string& text, std::size_t& head) const override { rewrite_characters(text, head, append_lower); }
};

class StripAccents final : public Normalizer {  // takes all marks away, and composes or decomposes nothing
 public:
  void apply(std::string& text, std::size_t& head) const override {
    rewrite_characters(text, head, [](std::string& out, char32_t code) {
      if (!is(code, kMark)) append_code_point(out, code);
    });
  }
};

class Nmt final : public Normalizer {  // the cleaning of neural machine translation, part of SentencePiece
 public:
  void apply(std::string& text, std::size_t& head) const override {
    rewrite_characters(text, head, [](std::string& out, char32_t code) {
      const bool removed = (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F ||
                           code == 0x8F || code == 0x9F;
      const bool space = code == 9 || code == 0xA || code == 0xC || code == 0xD || code == 0x1680 ||
                         (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 ||
                         code == 0xFEFF || code == 0xFFFD;
      if (!removed) append_code_point(out, space ? U' ' : code);
    });
  }
};

class StripEnds final : public Normalizer {
 public:
  StripEnds(bool left, bool right) : left_(left), right_(right) {}
  void apply(std::string& text, std::size_t& head) const override {
    if (right_) {
      while (!text.empty()) {
        const CodePoint c = code_point_before(text, text.size());
        if (!is(c.code, kSpace)) break;
        text.resize(text.size() - c.size);
      }
    }
    head = std::min(head, text.size());
    std::size_t begin = 0;
    while (left_ && begin < text.size()) {
      const CodePoint c = code_point_at(text, begin);
      if (!is(c.code, kSpace)) break;
      begin += c.size;
    }
    head -= std::min(head, begin);
    text.erase(0, begin);
  }

 private:
  bool left_, right_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string_view text) : prefix_(text) {}
  void apply(std::string& text, std::size_t& head) const override {
    if (text.empty()) return;
    text.insert(0, prefix_);
    if (head > 0) head += prefix_.size();
  }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string_view content) : pattern_(std::move(pattern)), content_(content) {}
  void apply(std::string& text, std::size_t& head) const override {
    std::vector<Match> matches;
    pattern_.find(text, matches);
    std::string out;
    out.reserve(text.size());
    std::size_t new_head = 0;
    for (const Match& match : matches) {
      if (match.is_match) {
        out += content_;
        if (match.end <= head) new_head = out.size();  // what replaces more than the head comes from behind it
      } else {
        out.append(text, match.begin, match.end - match.begin);
        if (match.begin < head) new_head = out.size() - (match.end - std::min(match.end, head));
      }
    }
    head = new_head;
    text.swap(out);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class BytesAsCharacters final : public Normalizer {
 public:
  void apply(std::string& text, std::size_t& head) const override {
    std::string out;
    append_byte_characters(out, std::string_view(text).substr(0, head));
    const std::size_t new_head = out.size();
    append_byte_characters(out, std::string_view(text).substr(head));
    head = new_head;
    text.swap(out);
  }
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void apply(std::string& text, std::size_t& head) const override {
    for (const auto& step : steps_) step->apply(text, head);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};
}  // namespace

Result<std::unique_ptr<Normalizer>> read_normalizer(const JsonNode& node) {
  QUIVER_TRY(const std::string_view type, node.text("type"));
  if (type == "Sequence") {
    QUIVER_TRY(const JsonNode list, node.child("normalizers"));
    QUIVER_TRY(const auto items, list.as_list());
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const JsonNode& item : items) {
      QUIVER_TRY(auto step, read_normalizer(item));
      steps.push_back(std::move(step));
    }
    return std::make_unique<NormalizerSequence>(std::move(steps));
  }
  if (type == "BertNormalizer") return read_bert_normalizer(node);
  if (type == "NFC") return std::make_unique<NormalForm>(Form::Nfc);
  if (type == "NFD") return std::make_unique<NormalForm>(Form::Nfd);
  if (type == "NFKC") return std::make_unique<NormalForm>(Form::Nfkc);
  if (type == "NFKD") return std::make_unique<NormalForm>(Form::Nfkd);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  if (type == "Nmt") return std::make_unique<Nmt>();
  if (type == "ByteLevel") return std::make_unique<BytesAsCharacters>();
  if (type == "Precompiled") {
    QUIVER_TRY(const std::string_view table, node.text_or("precompiled_charsmap", ""));
    QUIVER_TRY(auto charsmap, read_charsmap(table).within(node.where() + ".precompiled_charsmap"));
    return charsmap;
  }
  if (type == "Strip") {
    QUIVER_TRY(const bool left, node.flag_or("strip_left", true));
    QUIVER_TRY(const bool right, node.flag_or("strip_right", true));
    return std::make_unique<StripEnds>(left, right);
  }
  if (type == "Prepend") {
    QUIVER_TRY(const std::string_view prefix, node.text("prepend"));
    return std::make_unique<Prepend>(prefix);
  }
  if (type == "Replace") {
    QUIVER_TRY(const JsonNode child, node.child("pattern"));
    QUIVER_TRY(Pattern pattern, Pattern::read(child));
    QUIVER_TRY(const std::string_view content, node.text("content"));
    return std::make_unique<Replace>(std::move(pattern), content);
  }
  return node.wrong(fmt::format(
      "'{}' is no normalizer that is supported; these are: BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, "
      "StripAccents, Strip, Replace, Prepend, Nmt, ByteLevel, Precompiled, Sequence",
      type));
}

}  // namespace quiver::internal
