#include "quiver/compress/internal/row_blocks.h"

#include <cstring>

namespace quiver::internal {
namespace {
constexpr std::byte kNibble{15};

// Where the first two codes of row j lie in a block: this byte of groups 0 and 1, and so many bits up.
struct Place {
  std::size_t byte;
  int up;
};
Place place_of(std::size_t j) noexcept { return {j % 16, j < 16 ? 0 : 4}; }
constexpr std::size_t kTwoGroups = 32;  // bytes: what becomes of one byte of each row
}  // namespace

void RowBlocks::take(const std::byte* block, std::size_t j, std::byte* row) const noexcept {
  if (head > 0) std::memcpy(row, block + j * head, head);
  const Place place = place_of(j);
  const std::byte* from = block + codes_at() + place.byte;
  for (std::byte* to = row + head; to != row + stride; ++to, from += kTwoGroups) {
    *to = (from[0] >> place.up & kNibble) | (from[kTwoGroups / 2] >> place.up & kNibble) << 4;
  }
}

void RowBlocks::put(const std::byte* row, std::byte* block, std::size_t j) const noexcept {
  if (head > 0) std::memcpy(block + j * head, row, head);
  const Place place = place_of(j);
  const std::byte others = ~(kNibble << place.up);
  std::byte* to = block + codes_at() + place.byte;
  for (const std::byte* from = row + head; from != row + stride; ++from, to += kTwoGroups) {
    to[0] = (to[0] & others) | (*from & kNibble) << place.up;
    to[kTwoGroups / 2] = (to[kTwoGroups / 2] & others) | *from >> 4 << place.up;
  }
}

void RowBlocks::pack(std::byte* rows, std::vector<std::byte>& scratch) const {
  scratch.assign(rows, rows + bytes());
  for (std::size_t j = 0; j < kRows; ++j) put(scratch.data() + j * stride, rows, j);
}

void RowBlocks::unpack(std::byte* block, std::vector<std::byte>& scratch) const {
  scratch.assign(block, block + bytes());
  for (std::size_t j = 0; j < kRows; ++j) take(scratch.data(), j, block + j * stride);
}

}  // namespace quiver::internal
