// SharedKeyMiner: hard negatives that need no model: rows that share a key with a row but are another group. Senses of
// one word, products of one category, answers to one question: what an encoder must tell apart by more than the key.
//
//   SharedKeyMiner miner;
//   miner.add(row, "bank");  ...  miner.close();           // each key of each row, then once
//   if (auto other = miner.draw(row, random)) ...          // a uniform choice over (key, row) pairs
//
// Invariant: draw() never gives the row itself. Thread-safety: after close(), const and shared. Cost: one hash lookup
// when adding; drawing is a few loads.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quiver/core/random.h"

namespace quiver::learn {

class SharedKeyMiner {
 public:
  void add(std::uint32_t row, std::string_view key);  // a repeated (row, key) counts once
  void close();
  // Requires: closed. Nothing if no other row shares a key with `row`.
  std::optional<std::uint32_t> draw(std::uint32_t row, Random& random) const;

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;  // of keys
  std::vector<std::vector<std::uint32_t>> rows_of_key_;     // rising
  std::vector<std::vector<std::uint32_t>> keys_of_row_;
  bool closed_ = false;
};

}  // namespace quiver::learn
