#include "quiver/learn/words/cooccurrences.h"

#include <algorithm>

#include "quiver/data/vocabulary.h"

namespace quiver::learn {
namespace {
constexpr std::size_t kGathered = std::size_t{1} << 22;  // pairs sorted and merged at once

struct CountedPair {
  std::uint64_t key;  // the smaller word number above the larger one
  float count;
};

// Sorts what was gathered, sums equal pairs and merges them with those from before.
void settle(std::vector<CountedPair>& gathered, std::vector<CountedPair>& all) {
  std::ranges::sort(gathered, {}, &CountedPair::key);
  const auto middle = static_cast<std::ptrdiff_t>(all.size());
  all.insert(all.end(), gathered.begin(), gathered.end());
  gathered.clear();
  std::inplace_merge(all.begin(), all.begin() + middle, all.end(),
                     [](const CountedPair& a, const CountedPair& b) { return a.key < b.key; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (kept > 0 && all[kept - 1].key == all[i].key) {
      all[kept - 1].count += all[i].count;
    } else {
      all[kept++] = all[i];
    }
  }
  all.resize(kept);
}
}  // namespace

std::vector<Cooccurrence> cooccurrences(std::span<const std::uint32_t> tokens, std::size_t window) {
  std::vector<CountedPair> gathered, all;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == kNoWord) continue;
    for (std::size_t back = 1; back <= window && back <= i && tokens[i - back] != kNoWord; ++back) {
      const auto [low, high] = std::minmax(tokens[i], tokens[i - back]);
      // A word with itself is one entry, but stands in the window from both sides.
      const float count = (low == high ? 2.0F : 1.0F) / static_cast<float>(back);
      gathered.push_back({std::uint64_t{low} << 32 | high, count});
    }
    if (gathered.size() >= kGathered) settle(gathered, all);
  }
  settle(gathered, all);
  std::vector<Cooccurrence> both;
  both.reserve(2 * all.size());
  for (const CountedPair& pair : all) {
    const auto low = static_cast<std::uint32_t>(pair.key >> 32), high = static_cast<std::uint32_t>(pair.key);
    both.push_back({low, high, pair.count});
    if (low != high) both.push_back({high, low, pair.count});
  }
  std::ranges::sort(both, [](const Cooccurrence& a, const Cooccurrence& b) {
    return a.word != b.word ? a.word < b.word : a.context < b.context;
  });
  return both;
}

}  // namespace quiver::learn
