// Vocabularies of whole words or of characters, learned from texts: a word (or character) of the vocabulary is one
// token, everything else is the unknown token. Characters suit languages written without spaces, such as Chinese.
//
//   QUIVER_TRY(auto tokenizer, train_words(texts, {.vocabulary = 20'000, .min_frequency = 5}, run));
//   QUIVER_TRY(auto characters, train_words(texts, {.characters = true}, run));
//
// Text is folded (NFKC, lower case unless told not to); words are runs of word characters, other characters form runs
// of their own. Ids: the unknown token, other special tokens, then words by falling count, equal ones in order of
// bytes, so the same texts give the same tokenizer everywhere. The result is a WordLevel tokenizer, which to_json()
// writes in the common format.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/tokenizer.h"

namespace quiver {

// Tokens that no text gives, with the first ids in this order; `begin` and `end` are those put around every text.
struct SpecialTokens {
  std::vector<std::string> tokens{};
  std::string begin{}, end{};
};

struct WordTraining {
  std::size_t vocabulary = 30'000;  // tokens in all, the special and the unknown one included
  std::uint64_t min_frequency = 2;
  bool characters = false;
  bool lowercase = true;
  std::string unknown = "[UNK]";  // is a special token, the first if it is not named among them
  SpecialTokens special{};
};

// Errors: a vocabulary with no room for the special tokens and one word, special tokens that contradict each other,
// texts without a word frequent enough; Cancelled.
Result<Tokenizer> train_words(std::span<const std::string_view> texts, const WordTraining& training, Run& run);

}  // namespace quiver
