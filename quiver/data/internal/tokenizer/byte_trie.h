// ByteTrie: texts to numbers, walked byte by byte, so that the longest match or every match from a position is one
// pass.
//
//   ByteTrie trie({{"lion", 7}, {"lions", 9}});
//   auto node = trie.walk(ByteTrie::kRoot, "lion");
//   trie.value(node);                       // 7; kNone where no text ends
//   node = trie.step(node, 's');            // kNone where no text goes on
//
// A double array: the child of node n by byte b is at units[n].base ^ b, if that unit says n is its parent. The
// children of a node share a block of 256 units, so a step touches one or two cache lines. Thread-safety: immutable.
// Cost: 12 bytes a unit, about a unit per distinct prefix; a step is two loads.
#pragma once
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace quiver::internal {

class ByteTrie {
 public:
  using Entry = std::pair<std::string_view, std::uint32_t>;
  static constexpr std::uint32_t kRoot = 0, kNone = std::numeric_limits<std::uint32_t>::max();

  ByteTrie() : ByteTrie(std::vector<Entry>()) {}
  explicit ByteTrie(std::vector<Entry> entries);  // of equal texts the last one counts

  std::uint32_t step(std::uint32_t node, char byte) const noexcept {
    const std::uint32_t next = units_[node].base ^ static_cast<unsigned char>(byte);
    return units_[next].parent == node ? next : kNone;
  }
  std::uint32_t walk(std::uint32_t node, std::string_view text) const noexcept {
    for (const char byte : text) {
      node = step(node, byte);
      if (node == kNone) break;
    }
    return node;
  }
  std::uint32_t value(std::uint32_t node) const noexcept { return units_[node].value; }
  std::uint32_t find(std::string_view text) const noexcept {
    const std::uint32_t node = walk(kRoot, text);
    return node == kNone ? kNone : value(node);
  }

 private:
  struct Unit {
    std::uint32_t base = 0, parent = kNone, value = kNone;
  };
  class Builder;
  std::vector<Unit> units_;
};

}  // namespace quiver::internal
