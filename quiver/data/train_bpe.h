// Byte pair encoding learned from texts (Sennrich et al., 2016): begin with characters, join the most frequent pair of
// neighbours into a new token, and again, until the vocabulary is full or no pair is frequent enough.
//
//   QUIVER_TRY(auto tokenizer, train_bpe(texts, {.vocabulary = 32'000}, run));
//   tokenizer.encode("any text, in any script 🙂");          // byte-level: nothing is ever unknown
//   QUIVER_TRY(write_file("tokenizer.json", tokenizer.to_json()));   // other libraries read it too
//
// Byte-level (the default, as in GPT-2): words by GPT-2's expression, characters are bytes. Else: folded words (NFKC,
// and lower case if asked for) of characters, whose last one carries "</w>"; characters too rare for the alphabet are
// unknown.
//
// Ids: special tokens, the alphabet in order of code points, then merges in the order they were made. Equally frequent
// pairs: that of lower ids goes first. So the same texts give the same tokenizer everywhere; with all bytes in the
// alphabet it is the one that the reference implementation trains, which a test holds.
// Cost: each distinct word once; then per merge the words that hold the pair. A queue gives the next pair.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/tokenizer.h"
#include "quiver/data/train_words.h"

namespace quiver {

struct BpeTraining {
  std::size_t vocabulary = 30'000;  // tokens in all
  std::uint64_t min_frequency = 2;  // of a pair that is joined
  bool byte_level = true;
  // For characters only:
  bool lowercase = false;
  std::size_t alphabet = 0;       // keep this many characters, the most frequent; 0: all
  std::string unknown = "[UNK]";  // is a special token, the first if it is not named among them
  SpecialTokens special{};
};

// Errors: a vocabulary with no room for special tokens and alphabet, special tokens that contradict each other, texts
// without a word; Cancelled.
Result<Tokenizer> train_bpe(std::span<const std::string_view> texts, const BpeTraining& training, Run& run);

}  // namespace quiver
