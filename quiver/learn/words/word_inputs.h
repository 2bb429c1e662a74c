// WordInputs: the vectors by which context words enter a model: one of a word's own, or with those of its characters
// (Chen, Xu, Liu, Sun, Luan, "Joint learning of character and word embeddings", IJCAI 2015; Lai, thesis, chapter 4).
//
//   const float* x = inputs.vector(word, room);             // the table's row, or composed in `room` (dim floats)
//   inputs.move(word, downhill, rate);                      // both tables follow
//
//   x_w = e_w                                               without characters, and for words that have none
//   x_w = 1/2 (e_w + 1/m sum_k e_ck)                        m characters
//
// so half of a step goes to e_w and 1/(2m) of it to each character. Row `padding()` is what stands for a missing word.
// A character that looks different at the beginning, in the middle and at the end of words is three characters here:
// characters_by_place(). Thread-safety: as LearnedRows. Cost: a pointer, or m + 1 rows added.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/learn/words/learned_rows.h"

namespace quiver::learn {

// Which characters each word has, by number. Words that are no compound of them (names written by sound) have none.
struct WordCharacters {
  std::size_t count = 0;                         // of characters
  std::vector<std::uint32_t> offsets{0}, ids{};  // word w: ids[offsets[w]] .. ids[offsets[w + 1]]
  std::size_t words() const noexcept { return offsets.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t word) const noexcept {
    return std::span(ids).subspan(offsets[word], offsets[word + 1] - offsets[word]);
  }
  void add(std::span<const std::uint32_t> characters) {
    ids.insert(ids.end(), characters.begin(), characters.end());
    offsets.push_back(static_cast<std::uint32_t>(ids.size()));
  }
};
// Three numbers a character: 3 c at the beginning of a word (and alone), 3 c + 1 within, 3 c + 2 at the end.
std::vector<std::uint32_t> characters_by_place(std::span<const std::uint32_t> characters);

class WordInputs {
 public:
  // characters: of each word, or null; kept, not copied. Word vectors begin uniform in (-1/2, 1/2) / dim, characters
  // too.
  WordInputs(std::size_t words, std::size_t dim, Descent descent, const WordCharacters* characters, std::uint64_t seed);

  std::size_t dim() const noexcept { return words_.cols(); }
  std::uint32_t padding() const noexcept { return static_cast<std::uint32_t>(words_.size() - 1); }

  const float* vector(std::uint32_t word, float* room) const noexcept {
    return characters_ == nullptr ? words_.row(word) : composed(word, room);
  }
  void move(std::uint32_t word, const float* downhill, float rate) noexcept;

  Matrix composed() const;  // (words, dim): x of all but the padding
  LearnedRows& words() noexcept { return words_; }
  LearnedRows* characters() noexcept { return letters_ ? &*letters_ : nullptr; }

 private:
  const float* composed(std::uint32_t word, float* room) const noexcept;
  const WordCharacters* characters_;
  LearnedRows words_;
  std::optional<LearnedRows> letters_;
};

}  // namespace quiver::learn
