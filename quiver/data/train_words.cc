#include "quiver/data/train_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/data/internal/tokenizer/training.h"

namespace quiver {

Result<Tokenizer> train_words(std::span<const std::string_view> texts, const WordTraining& training, Run& run) {
  SpecialTokens special = training.special;
  if (std::ranges::find(special.tokens, training.unknown) == special.tokens.end())
    special.tokens.insert(special.tokens.begin(), training.unknown);
  QUIVER_TRY(internal::check_specials(special));
  if (training.vocabulary <= special.tokens.size())
    return Error::invalid_argument(fmt::format("a vocabulary of {} tokens has no room for {} special tokens and a word",
                                               training.vocabulary, special.tokens.size()));
  internal::TokenizerParts parts;
  parts.normalizer = training.lowercase ? R"({"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"}]})"
                                        : R"({"type":"NFKC"})";
  parts.pre_tokenizer =
      training.characters
          ? R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"FixedLength","length":1}]})"
          : R"({"type":"Whitespace"})";
  if (training.characters) parts.decoder = R"({"type":"Fuse"})";
  QUIVER_TRY(const VocabularyBuilder counts, internal::count_words(texts, parts, run));
  const Vocabulary words = counts.build({.min_count = training.min_frequency});

  std::string vocabulary;
  std::size_t size = 0;
  const auto add = [&](std::string_view token) {
    vocabulary += fmt::format("{}{}:{}", size == 0 ? "" : ",", internal::json_text(token), size);
    ++size;
  };
  for (const std::string& token : special.tokens) add(token);
  for (const std::string_view word : words.words()) {
    if (size == training.vocabulary) break;
    if (std::ranges::find(special.tokens, word) == special.tokens.end()) add(word);
  }
  if (size == special.tokens.size())
    return Error::invalid_argument(
        fmt::format("none of {} texts holds a word that occurs {} times; lower min_frequency", texts.size(),
                    training.min_frequency));
  return internal::make_tokenizer(parts, special,
                                  fmt::format(R"({{"type":"WordLevel","vocab":{{{}}},"unk_token":{}}})", vocabulary,
                                              internal::json_text(training.unknown)));
}

}  // namespace quiver
