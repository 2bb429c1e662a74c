// RowBlocks: rows of 4-bit codes, 32 of them turned together, so that one shuffle looks up the codes of many rows
// (simd/neighbours.h: CodeSums; Andre, Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015).
//
//   const RowBlocks blocks{.stride = 36, .head = 4};     // a row: 4 bytes, then 64 codes in 32 bytes
//   blocks.pack(rows);                                   // 32 rows, one behind another, become a block where they lie
//   blocks.take(block, 5, row);                          // row 5 of it, as it was
//
// A block takes exactly the bytes of its rows, 32 * stride, stride a multiple of 4:
//   32 * head bytes    what stands in front of the codes of each row, row by row
//   16 bytes a group   codes: byte j of group g holds row j in its low nibble, row 16 + j in its high one. The padding
//                      behind the codes of a row makes further groups of zeros, to a multiple of 8
//
// In codes that are arranged so, whole blocks come first and are packed, and the fewer than 32 rows behind them lie one
// behind another: an append packs the blocks that it fills, and nothing takes more bytes than before.
// Thread-safety: none is needed. Cost: a byte of codes moved is three operations on each side.
#pragma once
#include <cstddef>
#include <vector>

#include "quiver/simd/neighbours.h"

namespace quiver::internal {

struct RowBlocks {
  static constexpr std::size_t kRows = simd::kBlockNeighbours;
  std::size_t stride = 0, head = 0;  // bytes of a row, and those in front of its codes

  std::size_t bytes() const noexcept { return kRows * stride; }
  std::size_t groups() const noexcept { return 2 * (stride - head); }
  std::size_t codes_at() const noexcept { return kRows * head; }

  // Row j of a block comes to stand at `row`, or what stands there in its place j.
  void take(const std::byte* block, std::size_t j, std::byte* row) const noexcept;
  void put(const std::byte* row, std::byte* block, std::size_t j) const noexcept;

  // `scratch` is written over.
  void pack(std::byte* rows, std::vector<std::byte>& scratch) const;
  void unpack(std::byte* block, std::vector<std::byte>& scratch) const;
};

}  // namespace quiver::internal
