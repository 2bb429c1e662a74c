#include "quiver/data/internal/tokenizer/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "quiver/data/internal/tokenizer/code_points.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kAll = std::string_view::npos;

bool is_letter(char32_t c) { return is(c, kLetter); }
bool is_number(char32_t c) { return is(c, kNumber); }
bool is_space(char32_t c) { return is(c, kSpace); }
bool is_other(char32_t c) { return !is(c, kSpace | kLetter | kNumber); }  // [^\s\p{L}\p{N}]
bool is_line_end(char32_t c) { return c == '\r' || c == '\n'; }

// Where a run of such characters from `at` ends; at most `most` of them.
template <class Test>
std::size_t run(std::string_view text, std::size_t at, Test&& test, std::size_t most = kAll) {
  while (at < text.size() && most > 0) {
    const CodePoint c = code_point_at(text, at);
    if (!test(c.code)) break;
    at += c.size;
    --most;
  }
  return at;
}
// ` ?x+`: the space counts only if an x follows.
template <class Test>
std::size_t after_space(std::string_view text, std::size_t at, Test&& test) {
  const std::size_t begin = text[at] == ' ' ? at + 1 : at;
  const std::size_t end = run(text, begin, test);
  return end > begin ? end - at : 0;
}

std::size_t letters(std::string_view text, std::size_t at) { return run(text, at, is_letter) - at; }
std::size_t numbers(std::string_view text, std::size_t at) { return run(text, at, is_number) - at; }
std::size_t others(std::string_view text, std::size_t at) { return run(text, at, is_other) - at; }
std::size_t spaces(std::string_view text, std::size_t at) { return run(text, at, is_space) - at; }
std::size_t one_space(std::string_view text, std::size_t at) { return run(text, at, is_space, 1) - at; }
std::size_t one_number(std::string_view text, std::size_t at) { return run(text, at, is_number, 1) - at; }
std::size_t three_numbers(std::string_view text, std::size_t at) { return run(text, at, is_number, 3) - at; }
std::size_t line_ends(std::string_view text, std::size_t at) { return run(text, at, is_line_end) - at; }
std::size_t space_letters(std::string_view text, std::size_t at) { return after_space(text, at, is_letter); }
std::size_t space_numbers(std::string_view text, std::size_t at) { return after_space(text, at, is_number); }
std::size_t space_others(std::string_view text, std::size_t at) { return after_space(text, at, is_other); }
std::size_t space_others_line_ends(std::string_view text, std::size_t at) {
  const std::size_t size = after_space(text, at, is_other);
  return size == 0 ? 0 : run(text, at + size, is_line_end) - at;
}
// [^\r\n\p{L}\p{N}]?\p{L}+
std::size_t led_letters(std::string_view text, std::size_t at) {
  const CodePoint lead = code_point_at(text, at);
  const std::size_t begin = is_line_end(lead.code) || is(lead.code, kLetter | kNumber) ? at : at + lead.size;
  const std::size_t end = run(text, begin, is_letter);
  return end > begin ? end - at : 0;
}
// \s+(?!\S): white space, but not its last character if a word follows.
std::size_t spaces_before_last(std::string_view text, std::size_t at) {
  const std::size_t end = run(text, at, is_space);
  if (end == at || end == text.size()) return end - at;
  return end - code_point_before(text, end).size - at;
}
// \s*[\r\n]+ as an engine that backs up finds it: to the last line end of the white space.
std::size_t spaces_to_line_end(std::string_view text, std::size_t at) {
  std::size_t end = run(text, at, is_space);
  while (end > at && !is_line_end(static_cast<unsigned char>(text[end - 1]))) --end;
  return end - at;
}
std::size_t two_blanks(std::string_view text, std::size_t at) {
  const std::size_t end = run(text, at, [](char32_t c) { return c == ' '; });
  return end - at >= 2 ? end - at : 0;
}
std::size_t two_spaces(std::string_view text, std::size_t at) {
  const std::size_t end = run(text, at, is_space);
  return end > at + code_point_at(text, at).size ? end - at : 0;
}
// 's 't 're 've 'm 'll 'd in either case; the long s is an s.
std::size_t contraction(std::string_view text, std::size_t at) {
  if (text[at] != '\'') return 0;
  const auto lower = [&](std::size_t i) { return i < text.size() ? static_cast<char>(text[i] | 0x20) : '\0'; };
  const char first = lower(at + 1), second = lower(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  if (first == 'l' && second == 'l') return 3;
  return text.substr(at + 1).starts_with("ſ") ? 3 : 0;
}
// GPT-4o's words, where a change from small to capital letters begins a new one: [^\r\n\p{L}\p{N}]?, then upper* lower+
// or upper+ lower*. Letters without case and marks are in both classes.
bool is_upper(char32_t c) { return case_of(c) == Case::Upper || case_of(c) == Case::Both; }
bool is_lower(char32_t c) { return case_of(c) == Case::Lower || case_of(c) == Case::Both; }
std::size_t end_of_upper_lower(std::string_view text, std::size_t begin) {
  std::size_t upper = run(text, begin, is_upper);
  const std::size_t end = run(text, upper, is_lower);
  if (end > upper) return end;
  // Back to the last of the upper ones that is a lower one as well.
  while (upper > begin) {
    const CodePoint c = code_point_before(text, upper);
    if (is_lower(c.code)) break;
    upper -= c.size;
  }
  return upper;
}
std::size_t end_of_upper(std::string_view text, std::size_t begin) {
  const std::size_t upper = run(text, begin, is_upper);
  return upper > begin ? run(text, upper, is_lower) : begin;
}
template <std::size_t (*end_of)(std::string_view, std::size_t)>
std::size_t led_cased(std::string_view text, std::size_t at) {
  const CodePoint lead = code_point_at(text, at);
  if (!is_line_end(lead.code) && !is(lead.code, kLetter | kNumber)) {
    const std::size_t end = end_of(text, at + lead.size);
    if (end > at + lead.size) return end - at;
  }
  return end_of(text, at) - at;
}
template <std::size_t (*end_of)(std::string_view, std::size_t)>
std::size_t led_cased_contracted(std::string_view text, std::size_t at) {
  const std::size_t size = led_cased<end_of>(text, at);
  return size == 0 || at + size == text.size() ? size : size + contraction(text, at + size);
}
std::size_t space_others_line_ends_slashes(std::string_view text, std::size_t at) {
  const std::size_t size = after_space(text, at, is_other);
  return size == 0 ? 0 : run(text, at + size, [](char32_t c) { return is_line_end(c) || c == '/'; }) - at;
}
// BLOOM's words: all but white space and some marks, with one space before.
std::size_t bloom_words(std::string_view text, std::size_t at) {
  constexpr std::u32string_view kMarks = U"(|).,!?…。，、।۔،";
  return after_space(text, at, [&](char32_t c) { return !is_space(c) && kMarks.find(c) == kMarks.npos; });
}

struct Known {
  std::string_view expression;
  Pattern::Matcher matcher;
};
constexpr auto kKnown = std::to_array<Known>({
    {R"(\p{L}+)", letters},
    {R"([\p{L}]+)", letters},
    {R"(\p{N}+)", numbers},
    {R"(\p{N})", one_number},
    {R"([\p{N}])", one_number},
    {R"(\p{N}{1,3})", three_numbers},
    {R"(\p{N}{1,3}+)", three_numbers},
    {R"([^\s\p{L}\p{N}]+)", others},
    {R"( ?\p{L}+)", space_letters},
    {R"( ?\p{N}+)", space_numbers},
    {R"( ?[^\s\p{L}\p{N}]+)", space_others},
    {R"( ?[^\s\p{L}\p{N}]+[\r\n]*)", space_others_line_ends},
    {R"( ?[^\s\p{L}\p{N}]++[\r\n]*)", space_others_line_ends},
    {R"([^\r\n\p{L}\p{N}]?\p{L}+)", led_letters},
    {R"([^\r\n\p{L}\p{N}]?+\p{L}+)", led_letters},
    {R"( ?[^\s\p{L}\p{N}]+[\r\n/]*)", space_others_line_ends_slashes},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)", led_cased<end_of_upper_lower>},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)", led_cased<end_of_upper>},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)",
     led_cased_contracted<end_of_upper_lower>},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)",
     led_cased_contracted<end_of_upper>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d))", contraction},
    {R"('(?i:[sdmt]|ll|ve|re))", contraction},
    {R"(\s+(?!\S))", spaces_before_last},
    {R"(\s*[\r\n]+)", spaces_to_line_end},
    {R"(\s*[\r\n])", spaces_to_line_end},
    {R"([\r\n]+)", line_ends},
    {R"(\s+)", spaces},
    {R"(\s)", one_space},
    {R"(\s{2,})", two_spaces},
    {R"( {2,})", two_blanks},
    {R"( ?[^(\s|[.,!?…。，、।۔،])]+)", bloom_words},
});

// The alternatives between the outermost '|'.
std::vector<std::string_view> alternatives_of(std::string_view expression) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\') {
      ++i;
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    } else if (c == '|' && depth == 0) {
      out.push_back(expression.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(expression.substr(begin));
  return out;
}

// The text that an alternative without operators means; empty: it has some.
std::string plain_text(std::string_view alternative) {
  constexpr std::string_view kOperators = ".^$*+?()[]{}|";
  std::string out;
  for (std::size_t i = 0; i < alternative.size(); ++i) {
    char c = alternative[i];
    if (kOperators.find(c) != kOperators.npos) return {};
    if (c == '\\') {
      if (++i == alternative.size()) return {};
      c = alternative[i];
      if (c == 'n' || c == 'r' || c == 't') {
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
      } else if (static_cast<unsigned char>(c) >= 0x80 || is(static_cast<unsigned char>(c), kWord)) {
        return {};  // a class or an anchor
      }
    }
    out.push_back(c);
  }
  return out;
}
}  // namespace

Result<Pattern> Pattern::read(const JsonNode& node) {
  if (const auto text = node.find("String")) {
    QUIVER_TRY(const std::string_view literal_text, text->as_text());
    return literal(literal_text);
  }
  QUIVER_TRY(const JsonNode child, node.child("Regex"));
  QUIVER_TRY(const std::string_view expression, child.as_text());
  return regex(expression).within(child.where());
}

Result<Pattern> Pattern::regex(std::string_view expression) {
  Pattern pattern;
  for (const std::string_view alternative : alternatives_of(expression)) {
    const auto* const known = std::ranges::find(kKnown, alternative, &Known::expression);
    if (known != kKnown.end()) {
      pattern.alternatives_.push_back({.matcher = known->matcher, .literal = {}});
      continue;
    }
    std::string text = plain_text(alternative);
    if (text.empty()) {
      std::vector<std::string_view> supported;
      for (const Known& k : kKnown) supported.push_back(k.expression);
      return Error::unsupported(
          fmt::format("the regular expression '{}' is not supported; supported are plain text and, joined by '|': {}",
                      alternative, fmt::join(supported, "  ")));
    }
    pattern.alternatives_.push_back({.matcher = nullptr, .literal = std::move(text)});
  }
  return pattern;
}

Pattern Pattern::literal(std::string_view text) {
  Pattern pattern;
  if (!text.empty()) pattern.alternatives_.push_back({.matcher = nullptr, .literal = std::string(text)});
  return pattern;
}

const Pattern& Pattern::gpt2() {
  static const Pattern pattern =
      *regex(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)");
  return pattern;
}

std::size_t Pattern::match_at(std::string_view text, std::size_t at) const {
  for (const Alternative& alternative : alternatives_) {
    std::size_t size = 0;
    if (alternative.matcher != nullptr) {
      size = alternative.matcher(text, at);
    } else if (text[at] == alternative.literal[0] && text.substr(at).starts_with(alternative.literal)) {
      size = alternative.literal.size();
    }
    if (size > 0) return size;
  }
  return 0;
}

void Pattern::find(std::string_view text, std::vector<Match>& out) const {
  out.clear();
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = match_at(text, at);
    if (size == 0) {
      at += code_point_at(text, at).size;
      continue;
    }
    if (done < at) out.push_back({done, at, false});
    out.push_back({at, at + size, true});
    at += size;
    done = at;
  }
  if (done < text.size()) out.push_back({done, text.size(), false});
}

Result<SplitBehavior> read_split_behavior(const JsonNode& node, SplitBehavior fallback) {
  constexpr std::array<std::string_view, 5> names{"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext",
                                                  "Contiguous"};
  if (!node.find("behavior")) return fallback;
  QUIVER_TRY(const std::string_view name, node.text("behavior"));
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end())
    return node.wrong(fmt::format("'{}' is no behavior; these are: {}", name, fmt::join(names, ", ")));
  return static_cast<SplitBehavior>(found - names.begin());
}

void apply_behavior(SplitBehavior behavior, std::vector<Match>& matches) {
  if (behavior == SplitBehavior::Removed) return;
  if (behavior == SplitBehavior::Isolated) {
    for (Match& match : matches) match.is_match = false;
    return;
  }
  // Joins a match to the range before it (to the one after it: the same from behind), or matches to each other.
  const bool backwards = behavior == SplitBehavior::MergedWithNext;
  if (backwards) std::ranges::reverse(matches);
  std::size_t kept = 0;
  bool previous = false;
  for (const Match match : matches) {
    const bool joins = behavior == SplitBehavior::Contiguous ? match.is_match == previous : match.is_match && !previous;
    previous = match.is_match;
    if (joins && kept > 0) {
      Match& last = matches[kept - 1];
      last = {std::min(last.begin, match.begin), std::max(last.end, match.end), false};
    } else {
      matches[kept++] = {match.begin, match.end, false};
    }
  }
  matches.resize(kept);
  if (backwards) std::ranges::reverse(matches);
}

}  // namespace quiver::internal
