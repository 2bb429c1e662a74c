// BlockScorer: a prepared query against rows in blocks (row_blocks.h). It answers what TableScorer answers for the same
// rows one behind another, bit for bit; a search for rows within a distance, score_below(), does not look at most of
// them one by one.
//
// The tables of the query are rounded down to bytes, with one step for all groups:
//
//   T_g[c]  >=  least_g + step * byte_g[c],      byte_g[c] = floor((T_g[c] - least_g) / step)
//   sum_g T_g[code_g]  >=  low + step * S,       low = sum_g least_g,   S = sum_g byte_g[code_g]
//
// S comes for 32 rows at once (simd: CodeSums) and is exact, as no byte is above (2^16 - 1) / groups. A row whose
// bound, less what float sums may err, is above the distance asked for is passed over; the others are scored by the
// float tables as ever. Where norms divide (Cosine), a block is first bounded by the largest factor of its rows, then
// row by row by its own.
//
// Thread-safety: as Scorer. Cost: a query 256 floats for each byte of code and 16 bytes a group; score_below half a
// cycle a row and 8 groups at 512 bits, and for the rows that are left what score() costs.
#pragma once
#include <span>
#include <vector>

#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/row_blocks.h"

namespace quiver::internal {

// Tables in bytes that bound the true ones from below.
struct ByteTables {
  // entries: 16 for every code of a row; groups: of a block, a multiple of 8 that holds them all.
  ByteTables(std::span<const float> entries, std::size_t groups);

  const std::uint8_t* bytes() const noexcept { return reinterpret_cast<const std::uint8_t*>(memory.data()); }
  // What the float tables sum to, at least, for a row of sum `sum`.
  double least(double sum) const noexcept { return low + step * sum; }
  // The largest sum that a row can have whose float tables sum to `most` or less; -1 if there is none.
  int largest_sum(double most) const noexcept;

  AlignedBytes memory;
  std::size_t groups = 0;
  double step = 1, low = 0;  // low: less what a sum of floats may be off, either way
  bool sound = true;         // sums of floats do not overflow
};

class BlockScorer final : public TableScorer {
 public:
  // entries: 16 for every code of a row. query: without shift and addend.
  BlockScorer(AffineQuery query, const RowStore& rows, const RowBlocks& blocks, std::span<const float> entries)
      : TableScorer(std::move(query), rows, tables_of_pairs(entries)),
        blocks_(blocks),
        tables_(entries, blocks.groups()) {}
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override;
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override;
  std::size_t score_below(std::size_t first, std::size_t count, float most, std::uint32_t* chosen,
                          float* distances) const noexcept override;

 private:
  std::size_t packed_rows() const noexcept { return rows().rows() / RowBlocks::kRows * RowBlocks::kRows; }
  template <class RowOf>
  void score_each(std::size_t count, float* distances, RowOf row_of) const noexcept;
  // One bit for each row of a block that may be within `most`, of product * factor.
  std::uint32_t near(const std::byte* block, double most) const noexcept;

  RowBlocks blocks_;
  ByteTables tables_;
};

}  // namespace quiver::internal
