// Vocabulary: words and their ids. Ids are in order of falling count, equal counts in order of bytes, so the same
// counts give the same ids everywhere.
//
//   VocabularyBuilder builder;
//   for (auto word : words) builder.add(word);
//   Vocabulary vocabulary = builder.build({.min_count = 2, .max_size = 50'000});
//   vocabulary.find("lion");             // its id, or kNoWord
//   vocabulary.word(0), vocabulary.count(0);
//
// Saved as text, one "word<TAB>count" a line (a section of a model file). Words hold no tab and no line break.
// Thread-safety: a Vocabulary is immutable; a builder has one owner. Cost: find() is one hash and usually one
// comparison.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/strings.h"

namespace quiver {

inline constexpr std::uint32_t kNoWord = std::numeric_limits<std::uint32_t>::max();

struct VocabularyLimits {
  std::uint64_t min_count = 1;
  std::size_t max_size = 0;  // 0: no limit
};

class Vocabulary {
 public:
  Vocabulary() = default;
  // Reads what to_text() wrote. Errors: Corruption with the line for a missing tab, a bad count, a repeated word.
  static Result<Vocabulary> from_text(std::string_view text);
  std::string to_text() const;

  std::size_t size() const noexcept { return words_.size(); }
  std::uint32_t find(std::string_view word) const noexcept;
  std::string_view word(std::uint32_t id) const { return words_[id]; }    // Requires: id < size()
  std::uint64_t count(std::uint32_t id) const { return counts_.at(id); }  // Requires: id < size()
  StringsView words() const& noexcept { return words_.view(); }

 private:
  friend class VocabularyBuilder;
  bool add(std::string_view word, std::uint64_t count);  // false: already there
  void grow();
  Strings words_;
  std::vector<std::uint64_t> counts_;
  std::vector<std::uint32_t> slots_;  // open addressing over ids; a power of two, at most half full
};

class VocabularyBuilder {
 public:
  void add(std::string_view word, std::uint64_t count = 1);
  std::size_t size() const noexcept { return counts_.size(); }
  Vocabulary build(VocabularyLimits limits = {}) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view word) const noexcept { return std::hash<std::string_view>()(word); }
  };
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> counts_;
};

}  // namespace quiver
