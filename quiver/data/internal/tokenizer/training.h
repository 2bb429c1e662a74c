// What the trainers of tokenizers share: words counted through the very normalizer and pre-tokenizer that the tokenizer
// will have, and the tokenizer.json written around the model they learned. A trained tokenizer is that file, read.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/internal/tokenizer/normalizer.h"
#include "quiver/data/internal/tokenizer/pieces.h"
#include "quiver/data/internal/tokenizer/pre_tokenizer.h"
#include "quiver/data/tokenizer.h"
#include "quiver/data/train_words.h"
#include "quiver/data/vocabulary.h"

namespace quiver::internal {

struct TokenizerParts {  // as in a tokenizer.json; "null": none
  std::string normalizer = "null", pre_tokenizer = "null", decoder = "null";
};

// How often each word of the texts occurs.
Result<VocabularyBuilder> count_words(std::span<const std::string_view> texts, const TokenizerParts& parts, Run& run);

// Error: a special token is empty or named twice, `begin` or `end` is none of them.
Result<void> check_specials(const SpecialTokens& special);

// Special tokens have the ids from 0 and must be in the model's vocabulary.
Result<Tokenizer> make_tokenizer(const TokenizerParts& parts, const SpecialTokens& special, std::string_view model);

std::string json_text(std::string_view text);  // quoted and escaped

}  // namespace quiver::internal
