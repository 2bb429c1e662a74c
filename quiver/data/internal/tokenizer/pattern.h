// Pattern: what "Split" and "Replace" of a tokenizer.json look for: a text, or one of the regular expressions that
// tokenizers really use, matched by hand-written code instead of an engine for all of them.
//
//   {"String": "▁"}                                     that very text
//   {"Regex": "'s|'t| ?\\p{L}+| ?\\p{N}+|\\s+(?!\\S)|\\s+"}   an ordered choice of known alternatives
//
// An expression is cut at its outermost '|'. Each alternative is plain text ('s, <\|endoftext\|>) or one of the table
// in pattern.cc, which covers GPT-2, GPT-4 (cl100k), Llama 3, Qwen, CLIP, StarCoder and their kin. At each position the
// first alternative that matches counts, as in a backtracking engine. Anything else is an Error that lists the table.
// Thread-safety: immutable. Cost: a table look-up per character and alternative.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/internal/tokenizer/json_node.h"
#include "quiver/data/internal/tokenizer/pieces.h"

namespace quiver::internal {

class Pattern {
 public:
  static Result<Pattern> read(const JsonNode& node);
  static Result<Pattern> regex(std::string_view expression);
  static Pattern literal(std::string_view text);
  static const Pattern& gpt2();  // of the pre-tokenizer ByteLevel

  // The whole of `text` as consecutive ranges, matches and what lies between them.
  void find(std::string_view text, std::vector<Match>& out) const;

  // The bytes matched at `at`; 0: none. For one alternative.
  using Matcher = std::size_t (*)(std::string_view text, std::size_t at);

 private:
  struct Alternative {
    Matcher matcher = nullptr;  // none: the literal text
    std::string literal;
  };
  std::size_t match_at(std::string_view text, std::size_t at) const;
  std::vector<Alternative> alternatives_;
};

// What becomes of matches when text is split at them.
enum class SplitBehavior : std::uint8_t { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
Result<SplitBehavior> read_split_behavior(const JsonNode& node, SplitBehavior fallback);
// Changes matches to the ranges to keep: is_match is then true for what is removed.
void apply_behavior(SplitBehavior behavior, std::vector<Match>& matches);

}  // namespace quiver::internal
