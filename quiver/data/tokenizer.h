// Tokenizer: text to token ids and back, as the Hugging Face file `tokenizer.json` says. The ids are those of the
// reference implementation (PyPI `tokenizers`), which the tests compare token by token.
//
//   QUIVER_TRY(auto tokenizer, Tokenizer::open("bge-small/tokenizer.json"));
//   Tokens tokens = tokenizer.encode("Red bicycle", {.longest = 512});   // ids 101 2417 10165 102, types 0 0 0 0
//   tokenizer.decode(tokens.ids);                                        // "red bicycle"
//
// A text goes through: added tokens (special ones and others) found in it, normalizer, pre-tokenizer (words), model
// (WordPiece, BPE, Unigram, WordLevel), truncation, post-processor (special tokens around it). Each is one file in
// internal/tokenizer. docs/reference/tokenizers.md lists what is read and what is refused; open() names what it cannot
// do, so that no id is ever silently another. Padding is not applied: whoever makes a batch pads it.
//
// Invariants: a Tokenizer is an immutable value; copies share one state. Thread-safety: all of it, from many threads.
// Cost: encode() is linear in the text (a word of n characters: n log n for BPE); open() of 100,000 tokens a fraction
// of a second.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver {

struct Tokens {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> types;  // segment ids, one per id
  std::size_t dropped = 0;           // tokens of the text cut off to keep to the longest length
};

struct TokenizeOptions {
  std::size_t longest = 0;  // ids, special ones included; 0: as the file says, else no limit. Special ones always stay.
  bool special = true;      // add the special tokens of the post-processor
};

class Tokenizer {
 public:
  // Errors: InvalidArgument for a file that is not what it should be, Unsupported for a regular expression, Corruption
  // for a damaged table; the message names the place in the file, what is there, and what is supported.
  static Result<Tokenizer> open(const std::filesystem::path& tokenizer_json);
  static Result<Tokenizer> parse(std::string_view json);

  // Any bytes: what is not UTF-8 becomes U+FFFD first.
  Tokens encode(std::string_view text, const TokenizeOptions& options = {}) const;
  // Ids that name no token are left out, and special tokens too if skip_special.
  std::string decode(std::span<const std::uint32_t> ids, bool skip_special = true) const;

  std::size_t size() const noexcept;  // the highest id and one: the rows of a table of embeddings
  std::optional<std::uint32_t> id(std::string_view token) const;
  std::string_view token(std::uint32_t id) const;  // as in the file ("##ing"); empty: no such id
  std::size_t special_tokens() const noexcept;     // how many encode() adds

  std::string to_json() const;  // a tokenizer.json that opens again, to the same ids; without spaces

 private:
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace quiver
