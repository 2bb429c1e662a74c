// One place of a block of 32 rows as simd/neighbours.h scans them: what a row is to the centre that its block is of.
// A graph keeps the neighbours of a row in such blocks, an inverted file the rows of a list.
//
//   code.products(centre, scratch.centre);                                  // once a centre
//   put_neighbour(block, place, centre, row, point, code, scratch);         // for each of its rows
//   clear_neighbour(block, place, groups);                                  // an infinite offset: never below a bound
//
// For squared L2, |q - u|^2 = |q - v|^2 + |u - v|^2 - 2 <q - v, u - v>, of which the codes only estimate the last term.
// For inner products, with the length that queries are brought to, -2 <q, u> = -2 <q, v> - 2 <q - a v, u - v> - 2 a <v,
// u - v>: a v is the part of q that usually points where v does, and what is left for the codes is as short as may be.
//
// Requires of all: place < 32 and a block of block_bytes(code.groups()). Thread-safety: a block and a scratch have one
// owner. Cost: encoding, 16 products a dimension.
#pragma once
#include <cstring>
#include <optional>
#include <vector>

#include "quiver/index/internal/neighbour_code.h"

namespace quiver::internal {

inline constexpr std::uint32_t kNoRow = 0x7fffffffU;
inline constexpr std::uint16_t kInfiniteOffset = 0x7c00;  // f16

struct NeighbourScratch {
  NeighbourCode::Scratch centre, direction;
  std::vector<float> floats;
  std::vector<std::uint8_t> codes;
};

void put_neighbour(std::byte* block, std::size_t place, std::span<const float> centre, std::uint32_t row,
                   const float* point, const NeighbourCode& code, NeighbourScratch& scratch,
                   std::optional<float> query_length = {}) noexcept;
void clear_neighbour(std::byte* block, std::size_t place, std::size_t groups) noexcept;
// What stands in place `from` of one block comes to stand in place `to` of another, or the same, as well.
void copy_neighbour(const std::byte* from_block, std::size_t from, std::byte* to_block, std::size_t to,
                    std::size_t groups) noexcept;

inline std::uint32_t neighbour_row(const std::byte* block, std::size_t place, std::size_t groups) noexcept {
  std::uint32_t row = 0;
  std::memcpy(&row, block + simd::block_rows_at(groups) + 4 * place, sizeof row);
  return row;
}
// Whether a place has the infinite offset of an empty one, which no search ever takes.
inline bool is_unreachable(const std::byte* block, std::size_t place, std::size_t groups) noexcept {
  std::uint16_t offset = 0;
  std::memcpy(&offset, block + simd::block_offsets_at(groups) + 2 * place, sizeof offset);
  return offset == kInfiniteOffset;
}

}  // namespace quiver::internal
