// NegativeSampler: draws words in proportion to a power of their counts, in constant time, by the alias method (Walker
// 1977; Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 17, 1991).
//
//   const NegativeSampler negatives(counts, 0.75);
//   std::uint32_t word = negatives.draw(random);
//
// Each word owns 1/n of the interval; what it does not need of that goes to one other word, its alias.
// Thread-safety: immutable. Cost: one draw and two reads; 8 bytes a word.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/random.h"

namespace quiver::learn {

class NegativeSampler {
 public:
  // Requires: counts not empty, not all zero. power 0: every word alike.
  NegativeSampler(std::span<const std::uint64_t> counts, double power);
  std::size_t size() const noexcept { return cells_.size(); }
  std::uint32_t draw(Random& random) const noexcept {
    const std::uint64_t bits = random.u64();
    const auto at = static_cast<std::uint32_t>((bits >> 32) * cells_.size() >> 32);
    const Cell& cell = cells_[at];
    return static_cast<float>(bits & 0xffffff) * 0x1p-24F < cell.own ? at : cell.alias;
  }

 private:
  struct Cell {
    float own;            // part of its interval that is the word's own
    std::uint32_t alias;  // whose the rest is
  };
  std::vector<Cell> cells_;
};

}  // namespace quiver::learn
