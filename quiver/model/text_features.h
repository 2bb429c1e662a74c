// TextFeatures: what a bag encoder sees of a text: numbers of table rows, one per feature occurrence. Training and
// inference use this very class, so they cannot disagree.
//
//   QUIVER_TRY(auto features, TextFeatures::fit(texts, FeatureRules{.kinds = {{.of = FeatureKind::Stem, .buckets =
//   16384},
//                                                                             {.of = FeatureKind::Word, .least =
//                                                                             2}}}));
//   TextFeatures::Scratch scratch;                                 // one per thread: remembers the words it has seen
//   std::vector<std::uint32_t> ids;
//   features.append("running away", scratch, ids);                 // stems of both words, both words
//
// Kinds, after data/text has folded and split the text: a Word, its Stem, a Pair of neighbouring stems, the word's
// Prefix or Suffix of `length` letters, its Grams (every run of `low`..`high` letters of "<word>").
// A feature found in at least `least` of the fitted texts has a row of its own; any other falls into one of the kind's
// `buckets` by its hash, or is dropped when there are none. Rows go kind by kind: the known features by falling count,
// then the kind's buckets. At most one kind is Pair.
// Invariant: append() depends on the text and the saved table alone: every build and thread gives the same numbers.
// Thread-safety: const and shared; a Scratch has one owner. Cost: about 100 ns a word once its features are remembered.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/model/weights.h"

namespace quiver {

struct FeatureKind {
  enum Of : std::uint8_t { Word, Stem, Pair, Prefix, Suffix, Gram };
  Of of = Stem;
  std::uint32_t low = 0, high = 0;  // letters: Prefix and Suffix use `low`, Gram uses both
  std::uint32_t least = 1;          // texts a feature must be in to have its own row
  std::uint32_t buckets = 0;        // rows shared by all other features of this kind
  bool operator==(const FeatureKind&) const = default;
};
struct FeatureRules {
  std::string language = "english";  // of the stemmer
  std::vector<FeatureKind> kinds{{.of = FeatureKind::Stem, .buckets = 16384}};
};

class TextFeatures {
 public:
  // Counts in how many texts each feature occurs. Errors: no kinds, letters out of range, an unknown language.
  static Result<TextFeatures> fit(std::span<const std::string_view> texts, FeatureRules rules);

  std::uint32_t rows() const noexcept;   // of the table: known features and buckets
  std::uint32_t known() const noexcept;  // features with a row of their own
  std::uint32_t fitted_texts() const noexcept;
  std::span<const std::uint32_t> counts() const noexcept;  // per row: texts it was in at fit; 0 for a bucket
  std::span<const std::uint8_t> kinds() const noexcept;    // which of rules().kinds each row belongs to
  const FeatureRules& rules() const noexcept;
  std::string_view spelling(std::uint32_t row) const noexcept;  // "run" of a known row; empty for a bucket

  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(Scratch&&) noexcept;

   private:
    friend class TextFeatures;
    struct State;
    std::unique_ptr<State> state_;
  };
  // Adds the rows of the text's features behind `out`, in reading order, repeats kept.
  void append(std::string_view text, Scratch& scratch, std::vector<std::uint32_t>& out) const;

  // The rules as a JSON object, the spellings and counts as tensors "features/..." of the model.
  std::string config() const;
  Result<void> save(Weights& weights) const;
  static Result<TextFeatures> open(std::string_view config, const Weights& weights);

 private:
  struct State;
  explicit TextFeatures(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace quiver
