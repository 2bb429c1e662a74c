#include "quiver/data/internal/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include "quiver/data/internal/tokenizer/byte_level.h"
#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/pattern.h"

namespace quiver::internal {
namespace {
class BertWords final : public PreTokenizer {
 public:
  void apply(Pieces& pieces) const override {
    pieces.split([](std::string_view text, const auto& keep) {
      std::size_t begin = 0;
      for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = code_point_at(text, i);
        const std::size_t next = i + c.size;
        const unsigned kinds = kinds_of(c.code);
        if ((kinds & (kSpace | kPunctuation)) != 0) {
          keep(begin, i);
          if ((kinds & kSpace) == 0) keep(i, next);
          begin = next;
        }
        i = next;
      }
      keep(begin, text.size());
    });
  }
};

class UnicodeWords final : public PreTokenizer {  // "Whitespace"
 public:
  void apply(Pieces& pieces) const override {
    pieces.split([](std::string_view text, const auto& keep) {
      std::size_t begin = 0;
      unsigned open = 0;  // the kind of the run that is open: kWord, 0 for other characters
      for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = code_point_at(text, i);
        const unsigned kinds = kinds_of(c.code);
        const bool space = (kinds & (kSpace | kWord)) == kSpace;
        if (space || (kinds & kWord) != open) {
          keep(begin, i);
          begin = space ? i + c.size : i;
          open = kinds & kWord;
        }
        i += c.size;
      }
      keep(begin, text.size());
    });
  }
};

// Splits at the characters that a test picks.
template <class Test>
class AtCharacters final : public PreTokenizer {
 public:
  AtCharacters(Test test, SplitBehavior behavior) : test_(test), behavior_(behavior) {}
  void apply(Pieces& pieces) const override {
    auto& matches = pieces.matches;
    pieces.split([&](std::string_view text, const auto& keep) {
      matches.clear();
      std::size_t done = 0;
      for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = code_point_at(text, i);
        const std::size_t next = i + c.size;
        if (test_(c.code)) {
          if (done < i) matches.push_back({done, i, false});
          matches.push_back({i, next, true});
          done = next;
        }
        i = next;
      }
      if (done < text.size()) matches.push_back({done, text.size(), false});
      apply_behavior(behavior_, matches);
      for (const Match& match : matches) {
        if (!match.is_match) keep(match.begin, match.end);
      }
    });
  }

 private:
  Test test_;
  SplitBehavior behavior_;
};
template <class Test>
std::unique_ptr<PreTokenizer> at_characters(Test test, SplitBehavior behavior) {
  return std::make_unique<AtCharacters<Test>>(test, behavior);
}

class AtPattern final : public PreTokenizer {  // "Split"
 public:
  AtPattern(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(Pieces& pieces) const override {
    auto& matches = pieces.matches;
    pieces.split([&](std::string_view text, const auto& keep) {
      pattern_.find(text, matches);
      if (invert_) {
        for (Match& match : matches) match.is_match = !match.is_match;
      }
      apply_behavior(behavior_, matches);
      for (const Match& match : matches) {
        if (!match.is_match) keep(match.begin, match.end);
      }
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool prefix_space, bool use_regex) : prefix_space_(prefix_space), use_regex_(use_regex) {}
  void apply(Pieces& pieces) const override {
    auto& matches = pieces.matches;
    auto& words = pieces.words;
    pieces.rewrite([&](std::string_view text, std::size_t& head, std::string& out, const auto& keep) {
      if (prefix_space_ && !text.starts_with(' ')) {
        words.assign(1, ' ').append(text);
        text = words;
        if (head > 0) ++head;
      }
      std::size_t new_head = 0;
      for (std::size_t i = 0; i < head; ++i) new_head += byte_characters()[static_cast<unsigned char>(text[i])].size;
      head = new_head;
      if (use_regex_) {
        Pattern::gpt2().find(text, matches);
      } else {
        matches.assign(1, {0, text.size(), true});
      }
      for (const Match& match : matches) {
        const std::size_t begin = out.size();
        append_byte_characters(out, text.substr(match.begin, match.end - match.begin));
        keep(begin, out.size());
      }
    });
  }

 private:
  bool prefix_space_, use_regex_;
};

class Metaspace final : public PreTokenizer {
 public:
  enum class Prepend : std::uint8_t { First, Never, Always };
  Metaspace(std::string_view mark, Prepend prepend, bool split) : mark_(mark), prepend_(prepend), split_(split) {}
  void apply(Pieces& pieces) const override {
    pieces.rewrite([&](std::string_view text, std::size_t& head, std::string& out, const auto& keep) {
      std::size_t begin = out.size();
      const bool marked = text.starts_with(' ') || text.starts_with(mark_);
      if (!marked && (prepend_ == Prepend::Always || (prepend_ == Prepend::First && head > 0))) {
        out += mark_;
        if (head > 0) head += mark_.size();
      } else if (text.starts_with(' ') && head > 0) {
        head += mark_.size() - 1;
      }
      for (std::size_t i = 0; i < text.size();) {
        const bool space = text[i] == ' ';
        const std::size_t size = space ? 1 : code_point_at(text, i).size;
        const bool mark = space || text.substr(i).starts_with(mark_);
        // A word begins at each mark.
        if (mark && split_) {
          keep(begin, out.size());
          begin = out.size();
        }
        if (mark) {
          out += mark_;
        } else {
          out.append(text.substr(i, size));
        }
        i += size;
      }
      keep(begin, out.size());
    });
  }

 private:
  std::string mark_;  // one character
  Prepend prepend_;
  bool split_;
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(std::size_t length) : length_(length) {}
  void apply(Pieces& pieces) const override {
    pieces.split([&](std::string_view text, const auto& keep) {
      std::size_t begin = 0, count = 0;
      for (std::size_t i = 0; i < text.size();) {
        i += code_point_at(text, i).size;
        if (++count < length_) continue;
        keep(begin, i);
        begin = i;
        count = 0;
      }
      keep(begin, text.size());
    });
  }

 private:
  std::size_t length_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : steps_(std::move(steps)) {}
  void apply(Pieces& pieces) const override {
    for (const auto& step : steps_) step->apply(pieces);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

Result<std::string_view> one_character(const JsonNode& node, std::string_view key) {
  QUIVER_TRY(const std::string_view text, node.text(key));
  if (count_code_points(text) != 1) return node.wrong(fmt::format("'{}' must be one character, not '{}'", key, text));
  return text;
}

Result<std::unique_ptr<PreTokenizer>> read_metaspace(const JsonNode& node) {
  QUIVER_TRY(const std::string_view mark, one_character(node, "replacement"));
  QUIVER_TRY(const std::string_view scheme, node.text_or("prepend_scheme", "always"));
  QUIVER_TRY(const bool prefix, node.flag_or("add_prefix_space", true));
  QUIVER_TRY(const bool split, node.flag_or("split", true));
  Metaspace::Prepend prepend = Metaspace::Prepend::Always;
  if (scheme == "first") {
    prepend = Metaspace::Prepend::First;
  } else if (scheme == "never") {
    prepend = Metaspace::Prepend::Never;
  } else if (scheme != "always") {
    return node.wrong(fmt::format("'prepend_scheme' is first, never or always, not '{}'", scheme));
  }
  if (!prefix && node.find("prepend_scheme") && prepend != Metaspace::Prepend::Never)
    return node.wrong(fmt::format("'add_prefix_space' is false but 'prepend_scheme' is {}", scheme));
  if (!prefix) prepend = Metaspace::Prepend::Never;
  return std::make_unique<Metaspace>(mark, prepend, split);
}
}  // namespace

Result<std::unique_ptr<PreTokenizer>> read_pre_tokenizer(const JsonNode& node) {
  QUIVER_TRY(const std::string_view type, node.text("type"));
  if (type == "Sequence") {
    QUIVER_TRY(const JsonNode list, node.child("pretokenizers"));
    QUIVER_TRY(const auto items, list.as_list());
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    for (const JsonNode& item : items) {
      QUIVER_TRY(auto step, read_pre_tokenizer(item));
      steps.push_back(std::move(step));
    }
    return std::make_unique<PreTokenizerSequence>(std::move(steps));
  }
  if (type == "BertPreTokenizer") return std::make_unique<BertWords>();
  if (type == "Whitespace") return std::make_unique<UnicodeWords>();
  if (type == "WhitespaceSplit") return at_characters([](char32_t c) { return is(c, kSpace); }, SplitBehavior::Removed);
  if (type == "Metaspace") return read_metaspace(node);
  if (type == "ByteLevel") {
    QUIVER_TRY(const bool prefix, node.flag_or("add_prefix_space", true));
    QUIVER_TRY(const bool use_regex, node.flag_or("use_regex", true));
    return std::make_unique<ByteLevel>(prefix, use_regex);
  }
  if (type == "Digits") {
    QUIVER_TRY(const bool individual, node.flag_or("individual_digits", false));
    return at_characters([](char32_t c) { return is(c, kNumber); },
                         individual ? SplitBehavior::Isolated : SplitBehavior::Contiguous);
  }
  if (type == "Punctuation") {
    QUIVER_TRY(const SplitBehavior behavior, read_split_behavior(node, SplitBehavior::Isolated));
    return at_characters([](char32_t c) { return is(c, kPunctuation); }, behavior);
  }
  if (type == "CharDelimiterSplit") {
    QUIVER_TRY(const std::string_view delimiter, one_character(node, "delimiter"));
    const char32_t code = code_point_at(delimiter, 0).code;
    return at_characters([code](char32_t c) { return c == code; }, SplitBehavior::Removed);
  }
  if (type == "FixedLength") {
    QUIVER_TRY(const std::uint64_t length, node.number("length"));
    if (length == 0) return node.wrong("'length' must be at least 1");
    return std::make_unique<FixedLength>(length);
  }
  if (type == "Split") {
    QUIVER_TRY(const JsonNode child, node.child("pattern"));
    QUIVER_TRY(Pattern pattern, Pattern::read(child));
    if (!node.find("behavior")) return node.wrong("'behavior' is missing");
    QUIVER_TRY(const SplitBehavior behavior, read_split_behavior(node, SplitBehavior::Isolated));
    QUIVER_TRY(const bool invert, node.flag_or("invert", false));
    return std::make_unique<AtPattern>(std::move(pattern), behavior, invert);
  }
  return node.wrong(
      fmt::format("'{}' is no pre-tokenizer that is supported; these are: BertPreTokenizer, Whitespace, "
                  "WhitespaceSplit, ByteLevel, "
                  "Split, Digits, Punctuation, Metaspace, CharDelimiterSplit, FixedLength, Sequence",
                  type));
}

}  // namespace quiver::internal
