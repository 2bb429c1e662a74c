#include "quiver/data/internal/tokenizer/byte_trie.h"

#include <algorithm>
#include <array>

namespace quiver::internal {

// Places node after node. A block of 256 units that has room stays open until it is full or has refused too often.
class ByteTrie::Builder {
 public:
  explicit Builder(std::vector<Unit>& units) : units_(units) {
    add_block();
    taken_[0] = true;  // the root
    --blocks_[0].free;
  }

  // Where the children with these bytes go: a base for which all of base ^ byte are free, which are then taken.
  std::uint32_t place(const std::vector<unsigned char>& bytes) {
    for (std::size_t i = 0; i < open_.size();) {
      const std::uint32_t block = open_[i];
      const auto base = base_in(block, bytes);
      if (base == kNone && ++blocks_[block].refusals < kPatience) {
        ++i;
        continue;
      }
      if (base != kNone) {
        for (const unsigned char byte : bytes) taken_[base ^ byte] = true;
        blocks_[block].free -= static_cast<std::uint32_t>(bytes.size());
      }
      if (base == kNone || blocks_[block].free == 0) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
      if (base != kNone) return base;
    }
    add_block();
    return place(bytes);
  }

 private:
  static constexpr std::uint32_t kBlock = 256, kPatience = 32;
  struct Block {
    std::uint32_t free = kBlock, refusals = 0;
  };

  void add_block() {
    open_.push_back(static_cast<std::uint32_t>(blocks_.size()));
    blocks_.emplace_back();
    units_.resize(blocks_.size() * kBlock);
    taken_.resize(units_.size());
  }
  std::uint32_t base_in(std::uint32_t block, const std::vector<unsigned char>& bytes) const {
    if (blocks_[block].free < bytes.size()) return kNone;
    const std::uint32_t first = block * kBlock;
    for (std::uint32_t slot = first; slot < first + kBlock; ++slot) {
      const std::uint32_t base = slot ^ bytes[0];
      if (std::ranges::none_of(bytes, [&](unsigned char byte) { return bool{taken_[base ^ byte]}; })) return base;
    }
    return kNone;
  }

  std::vector<Unit>& units_;
  std::vector<bool> taken_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> open_;
};

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::ranges::stable_sort(entries, {}, &Entry::first);
  Builder builder(units_);
  struct Range {  // entries first .. last share their first `depth` bytes, which lead to `node`
    std::uint32_t node;
    std::size_t first, last, depth;
  };
  std::vector<Range> waiting{{kRoot, 0, entries.size(), 0}};
  std::vector<unsigned char> bytes;
  std::vector<std::size_t> starts;
  while (!waiting.empty()) {
    Range range = waiting.back();
    waiting.pop_back();
    for (; range.first < range.last && entries[range.first].first.size() == range.depth; ++range.first)
      units_[range.node].value = entries[range.first].second;
    if (range.first == range.last) continue;
    bytes.clear();
    starts.clear();
    for (std::size_t i = range.first; i < range.last; ++i) {
      const auto byte = static_cast<unsigned char>(entries[i].first[range.depth]);
      if (!bytes.empty() && bytes.back() == byte) continue;
      bytes.push_back(byte);
      starts.push_back(i);
    }
    starts.push_back(range.last);
    const std::uint32_t base = builder.place(bytes);
    units_[range.node].base = base;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      units_[base ^ bytes[i]].parent = range.node;
      waiting.push_back({base ^ bytes[i], starts[i], starts[i + 1], range.depth + 1});
    }
  }
}

}  // namespace quiver::internal
