// Cooccurrences: how often two words of a text stand within a window of each other, a pair at a distance of d words
// counting 1/d (Pennington, Socher, Manning, "GloVe: global vectors for word representation", EMNLP 2014).
//
//   const std::vector<Cooccurrence> pairs = cooccurrences(tokens, 5);
//
// Both orders of a pair are listed, in rising order of (word, context). kNoWord ends a sentence, over which no window
// reaches. Thread-safety: a pure function. Cost: 16 bytes and a sort's share for each pair of positions, at most
// four million of them at a time, and 12 bytes for each different pair.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace quiver::learn {

struct Cooccurrence {
  std::uint32_t word, context;
  float count;
  bool operator==(const Cooccurrence&) const = default;
};
std::vector<Cooccurrence> cooccurrences(std::span<const std::uint32_t> tokens, std::size_t window);

}  // namespace quiver::learn
