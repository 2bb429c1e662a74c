// GraphRows: everything a walk reads about one row of a graph, in one piece of memory: the row itself in 8 bits, and
// its neighbours as codes relative to it. One hop touches one piece, whose size is known, so all of it is asked for at
// once.
//
//   float norm, low, scale, 0     |v|^2 of the decoded row, 0 by inner product; v_i = low + scale * c_i
//   dims bytes                    c, then padding to 64 bytes
//   blocks of 32 neighbours       simd/neighbours.h; unused places have the row number kNoRow and an infinite offset
//
// Distances are squared L2 in the space of the points the rows were made from, times one scale for all rows that keeps
// offsets within f16, or, by inner product, -2 <q, v>, which is the same but for |q|^2 + |v|^2. Row numbers are below
// 2^31. The root is a row of its own whose "neighbours" are the rows a walk enters at; it stands at the origin.
// Thread-safety: reading from many threads; write() from many, each for its own row. Cost: bytes() is exact.
#pragma once
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "quiver/index/internal/edge_points.h"
#include "quiver/index/internal/neighbour_block.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {

struct GraphLayout {
  std::size_t dims = 0, groups = 0, blocks = 1;
  bool products = false;  // walks go by inner products, of queries as long as kQueryLength
  std::size_t blocks_at() const noexcept { return (16 + dims + 63) / 64 * 64; }
  std::size_t row_bytes() const noexcept { return blocks_at() + blocks * simd::block_bytes(groups); }
};

class GraphRows {
 public:
  GraphRows() = default;
  GraphRows(GraphLayout layout, std::size_t rows) : layout_(layout) { grow(rows); }
  // What save() wrote, where it lies; grow() copies it. Requires: bytes.size() a multiple of row_bytes().
  static GraphRows mapped(GraphLayout layout, std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  const GraphLayout& layout() const noexcept { return layout_; }
  std::size_t rows() const noexcept { return rows_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, rows_ * layout_.row_bytes()}; }
  void grow(std::size_t count);  // so many rows more, without neighbours
  const std::byte* row(std::size_t i) const noexcept { return data_ + i * layout_.row_bytes(); }
  const std::byte* block(std::size_t i, std::size_t b) const noexcept {
    return row(i) + layout_.blocks_at() + b * simd::block_bytes(layout_.groups);
  }
  std::span<const std::uint32_t> neighbours(std::size_t i, std::size_t b) const noexcept {
    return {reinterpret_cast<const std::uint32_t*>(block(i, b) + simd::block_rows_at(layout_.groups)),
            simd::kBlockNeighbours};
  }
  // Whether place j of block b has the infinite offset of an empty place, which no walk ever takes.
  bool unreachable(std::size_t i, std::size_t b, std::size_t j) const noexcept {
    return is_unreachable(block(i, b), j, layout_.groups);
  }
  // Inlined always: g++ 12 takes a function of nothing but prefetches for one without effect, and drops the call.
  [[gnu::always_inline]] void prefetch(std::size_t i) const noexcept {
    const std::byte* at = row(i);
    for (std::size_t offset = 0; offset < layout_.row_bytes(); offset += 64) __builtin_prefetch(at + offset);
  }

  [[gnu::always_inline]] void prefetch_point(std::size_t i) const noexcept {  // without the neighbours
    const std::byte* at = row(i);
    for (std::size_t offset = 0; offset < layout_.blocks_at(); offset += 64) __builtin_prefetch(at + offset);
  }

  // |q - v|^2 for a query of squared length `norm` and coordinate sum `sum`; by inner product, with a norm of 0, -2 <q,
  // v>.
  float distance(std::size_t i, const float* query, float norm, float sum) const noexcept {
    const std::byte* at = row(i);
    float head[3];
    std::memcpy(head, at, sizeof head);
    float dot = 0;
    simd::kernels().dot_f32_u8(query, at + 16, 0, nullptr, 1, layout_.dims, &dot);
    return norm + head[0] - 2 * (head[1] * sum + head[2] * dot);
  }

  void decode_point(std::size_t i, float* point) const noexcept;
  void neighbours_of(std::size_t i, std::vector<std::uint32_t>& out) const;

  // The row itself. Leaves its neighbours alone. Requires of all writing: grow() came after mapped().
  void write_point(std::size_t i, const float* point) noexcept;
  // The neighbours of row i, which stands at `centre`; neighbour j stands at point(j). Requires: at most 32 * blocks.
  struct Scratch : NeighbourScratch {
    std::vector<std::uint8_t> stays;
    std::vector<std::size_t> places;
  };
  using PointOf = std::function<const float*(std::size_t)>;
  void write_neighbours(std::size_t i, const float* centre, std::span<const std::uint32_t> neighbours,
                        const PointOf& point, const NeighbourCode& code, Scratch& scratch) noexcept;
  // One of them, in place j: the others' codes stay as they are.
  void replace_neighbour(std::size_t i, std::size_t j, const float* centre, std::uint32_t neighbour, const float* point,
                         const NeighbourCode& code, Scratch& scratch) noexcept;
  // The same where scratch.centre holds the products of `centre` already. neighbour kNoRow: the place becomes free.
  void set_neighbour(std::size_t i, std::size_t j, const float* centre, std::uint32_t neighbour, const float* point,
                     const NeighbourCode& code, Scratch& scratch) noexcept;
  // These become the neighbours of row i; those that are so already keep their place and their code. Requires: at most
  // 32 * blocks, each once; scratch.centre holds the products of `centre`.
  void revise_neighbours(std::size_t i, const float* centre, std::span<const std::uint32_t> neighbours,
                         const PointOf& point, const NeighbourCode& code, Scratch& scratch);
  // No neighbours: all its places become free.
  void clear_neighbours(std::size_t i) noexcept;
  // Only these rows stay, in this order, in memory of their size; a neighbour n becomes numbers[n]. For the root, whose
  // neighbours are rows of another: keep({0}, numbers). Requires: no neighbour without a number.
  void keep(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> numbers);

 private:
  std::byte* own_row(std::size_t i) noexcept { return owned_.data() + i * layout_.row_bytes(); }
  GraphLayout layout_;
  std::size_t rows_ = 0;
  const std::byte* data_ = nullptr;
  AlignedBytes owned_;
  std::shared_ptr<const void> owner_;  // of a mapping
};

}  // namespace quiver::internal
