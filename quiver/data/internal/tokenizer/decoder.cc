#include "quiver/data/internal/tokenizer/decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "quiver/data/internal/tokenizer/byte_level.h"
#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/pattern.h"
#include "quiver/data/text.h"

namespace quiver::internal {
namespace {
void replace_all(std::string& text, std::string_view what, std::string_view with) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string_view prefix, bool cleanup) : prefix_(prefix), cleanup_(cleanup) {}
  void apply(std::vector<std::string>& texts) const override {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) {
        if (texts[i].starts_with(prefix_)) {
          texts[i].erase(0, prefix_.size());
        } else {
          texts[i].insert(0, 1, ' ');
        }
      }
      if (cleanup_) clean(texts[i]);
    }
  }

 private:
  static void clean(std::string& text) {  // of the spaces that tokens of English punctuation leave
    using Rule = std::pair<std::string_view, std::string_view>;
    constexpr std::array<Rule, 11> rules{{{" .", "."},
                                          {" ?", "?"},
                                          {" !", "!"},
                                          {" ,", ","},
                                          {" ' ", "'"},
                                          {" n't", "n't"},
                                          {" 'm", "'m"},
                                          {" do not", " don't"},
                                          {" 's", "'s"},
                                          {" 've", "'ve"},
                                          {" 're", "'re"}}};
    for (const auto& [what, with] : rules) replace_all(text, what, with);
  }
  std::string prefix_;
  bool cleanup_;
};

class ByteLevelDecoder final : public Decoder {
 public:
  void apply(std::vector<std::string>& texts) const override {
    std::string bytes;
    for (const std::string& text : texts) append_bytes_of(bytes, text);
    texts.assign(1, repair_utf8(bytes));
  }
};

class MetaspaceDecoder final : public Decoder {
 public:
  MetaspaceDecoder(std::string_view mark, bool prepends) : mark_(mark), prepends_(prepends) {}
  void apply(std::vector<std::string>& texts) const override {
    for (std::size_t i = 0; i < texts.size(); ++i) replace_all(texts[i], mark_, i == 0 && prepends_ ? "" : " ");
  }

 private:
  std::string mark_;
  bool prepends_;
};

class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(std::string_view suffix) : suffix_(suffix) {}
  void apply(std::vector<std::string>& texts) const override {
    for (std::size_t i = 0; i < texts.size(); ++i) replace_all(texts[i], suffix_, i + 1 == texts.size() ? "" : " ");
  }

 private:
  std::string suffix_;
};

class ByteFallbackDecoder final : public Decoder {  // runs of <0x..> to characters, or a U+FFFD for each byte
 public:
  void apply(std::vector<std::string>& texts) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (simdjson::validate_utf8(bytes)) {
        out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string& text : texts) {
      unsigned byte = 0;
      const bool shaped = text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
      if (shaped && std::from_chars(text.data() + 3, text.data() + 5, byte, 16).ptr == text.data() + 5) {
        bytes.push_back(static_cast<char>(byte));
      } else {
        flush();
        out.push_back(std::move(text));
      }
    }
    flush();
    texts.swap(out);
  }
};

class FuseDecoder final : public Decoder {
 public:
  void apply(std::vector<std::string>& texts) const override {
    texts.assign(1, fmt::format("{}", fmt::join(texts, "")));
  }
};

class StripDecoder final : public Decoder {  // up to so many of a character off both ends
 public:
  StripDecoder(std::string_view content, std::size_t start, std::size_t stop)
      : content_(content), start_(start), stop_(stop) {}
  void apply(std::vector<std::string>& texts) const override {
    for (std::string& text : texts) {
      for (std::size_t i = 0; i < start_ && text.starts_with(content_); ++i) text.erase(0, content_.size());
      for (std::size_t i = 0; i < stop_ && text.ends_with(content_); ++i) text.resize(text.size() - content_.size());
    }
  }

 private:
  std::string content_;
  std::size_t start_, stop_;
};

class ReplaceDecoder final : public Decoder {
 public:
  ReplaceDecoder(Pattern pattern, std::string_view content) : pattern_(std::move(pattern)), content_(content) {}
  void apply(std::vector<std::string>& texts) const override {
    std::vector<Match> matches;
    for (std::string& text : texts) {
      pattern_.find(text, matches);
      std::string out;
      for (const Match& match : matches) {
        out += match.is_match ? std::string_view(content_)
                              : std::string_view(text).substr(match.begin, match.end - match.begin);
      }
      text.swap(out);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  void apply(std::vector<std::string>& texts) const override {
    for (const auto& step : steps_) step->apply(texts);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};
}  // namespace

Result<std::unique_ptr<Decoder>> read_decoder(const JsonNode& node) {
  QUIVER_TRY(const std::string_view type, node.text("type"));
  if (type == "Sequence") {
    QUIVER_TRY(const JsonNode list, node.child("decoders"));
    QUIVER_TRY(const auto items, list.as_list());
    std::vector<std::unique_ptr<Decoder>> steps;
    for (const JsonNode& item : items) {
      QUIVER_TRY(auto step, read_decoder(item));
      steps.push_back(std::move(step));
    }
    return std::make_unique<DecoderSequence>(std::move(steps));
  }
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "WordPiece") {
    QUIVER_TRY(const std::string_view prefix, node.text_or("prefix", "##"));
    QUIVER_TRY(const bool cleanup, node.flag_or("cleanup", true));
    return std::make_unique<WordPieceDecoder>(prefix, cleanup);
  }
  if (type == "Metaspace") {
    QUIVER_TRY(const std::string_view mark, node.text_or("replacement", "\xE2\x96\x81"));
    QUIVER_TRY(const std::string_view scheme, node.text_or("prepend_scheme", "always"));
    QUIVER_TRY(const bool prefix, node.flag_or("add_prefix_space", true));
    return std::make_unique<MetaspaceDecoder>(mark, prefix && scheme != "never");
  }
  if (type == "BPEDecoder") {
    QUIVER_TRY(const std::string_view suffix, node.text_or("suffix", "</w>"));
    return std::make_unique<BpeDecoder>(suffix);
  }
  if (type == "Strip") {
    QUIVER_TRY(const std::string_view content, node.text("content"));
    if (count_code_points(content) != 1)
      return node.wrong(fmt::format("'content' must be one character, not '{}'", content));
    QUIVER_TRY(const std::uint64_t start, node.number("start"));
    QUIVER_TRY(const std::uint64_t stop, node.number("stop"));
    return std::make_unique<StripDecoder>(content, start, stop);
  }
  if (type == "Replace") {
    QUIVER_TRY(const JsonNode child, node.child("pattern"));
    QUIVER_TRY(Pattern pattern, Pattern::read(child));
    QUIVER_TRY(const std::string_view content, node.text("content"));
    return std::make_unique<ReplaceDecoder>(std::move(pattern), content);
  }
  return node.wrong(
      fmt::format("'{}' is no decoder that is supported; these are: WordPiece, ByteLevel, Metaspace, BPEDecoder, "
                  "ByteFallback, Fuse, Strip, Replace, Sequence",
                  type));
}

}  // namespace quiver::internal
