#include "quiver/learn/words/word_inputs.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {

std::vector<std::uint32_t> characters_by_place(std::span<const std::uint32_t> characters) {
  std::vector<std::uint32_t> placed(characters.size());
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const std::uint32_t place = i == 0 ? 0 : i + 1 == placed.size() ? 2 : 1;
    placed[i] = 3 * characters[i] + place;
  }
  return placed;
}

WordInputs::WordInputs(std::size_t words, std::size_t dim, Descent descent, const WordCharacters* characters,
                       std::uint64_t seed)
    : characters_(characters), words_(words + 1, dim, descent) {
  const float reach = 0.5F / static_cast<float>(dim);
  words_.fill(reach, seed, stream_of("word vectors"));
  if (characters == nullptr) return;
  QUIVER_CHECK(characters->words() == words);
  letters_.emplace(characters->count, dim, descent);
  letters_->fill(reach, seed, stream_of("character vectors"));
}

const float* WordInputs::composed(std::uint32_t word, float* room) const noexcept {
  const auto letters = word == padding() ? std::span<const std::uint32_t>() : characters_->of(word);
  if (letters.empty()) return words_.row(word);
  const simd::Kernels& k = simd::kernels();
  std::fill_n(room, dim(), 0.0F);
  k.add_scaled(room, words_.row(word), 0.5F, dim());
  const float part = 0.5F / static_cast<float>(letters.size());
  for (const std::uint32_t letter : letters) k.add_scaled(room, letters_->row(letter), part, dim());
  return room;
}

void WordInputs::move(std::uint32_t word, const float* downhill, float rate) noexcept {
  const auto letters =
      characters_ == nullptr || word == padding() ? std::span<const std::uint32_t>() : characters_->of(word);
  if (letters.empty()) return words_.move(word, downhill, rate);
  words_.move(word, downhill, rate, 0.5F);
  const float part = 0.5F / static_cast<float>(letters.size());
  for (const std::uint32_t letter : letters) letters_->move(letter, downhill, rate, part);
}

Matrix WordInputs::composed() const {
  Matrix all(words_.size() - 1, dim());
  Matrix room(1, dim());
  for (std::uint32_t w = 0; w < all.rows(); ++w) std::copy_n(vector(w, room.data()), dim(), all.row(w).data());
  return all;
}

}  // namespace quiver::learn
