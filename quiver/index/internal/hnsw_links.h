// HnswLinks: the graph of an HnswIndex: for every row its level and one list of neighbours per level from 0 to it. A
// list holds at most 2 M neighbours on level 0 and M above.
//
//   HnswLinks links(/*degree=*/16, seed);
//   links.grow(levels);                        // new rows, without neighbours
//   links.set(row, level, neighbours);
//   for (std::uint32_t next : links.of(row, level)) ...
//
// Invariants: every neighbour is a row of at least that level; entry() has the highest level of all linked rows.
// Sections of the file: docs/reference/formats/index.md. Thread-safety: as Index. Cost: 4 (2 M + 1) bytes a row, and
// 4 (M + 1) more for every level above 0, which one row in M - 1 has on average; 5 for the level and where its lists
// are.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/container.h"

namespace quiver::internal {

inline constexpr std::uint32_t kNoEntry = 0xffffffffU;

class HnswLinks {
 public:
  explicit HnswLinks(unsigned degree = 2, std::uint64_t seed = 0) : degree_(degree), head_{seed, kNoEntry} {}
  // Errors: Corruption (sections of other sizes, lists that are too long, neighbours that are not rows of that level).
  static Result<HnswLinks> open(unsigned degree, std::size_t rows, const Container& file);
  void save(ContainerWriter& writer) const;  // borrows: *this lives until writer.save()

  std::size_t rows() const noexcept { return levels_.size(); }
  std::size_t bytes() const noexcept;
  unsigned degree() const noexcept { return degree_; }
  unsigned capacity(unsigned level) const noexcept { return level == 0 ? 2 * degree_ : degree_; }
  unsigned level(std::uint32_t row) const noexcept { return levels_[row]; }
  std::span<const std::uint32_t> of(std::uint32_t row, unsigned level) const noexcept {
    const std::uint32_t* list = list_of(row, level);
    return {list + 1, list[0]};
  }
  // Asks for the memory of a list that will soon be read. Inlined always, or g++ 12 drops the call as one without
  // effect.
  [[gnu::always_inline]] void prefetch(std::uint32_t row, unsigned level) const noexcept {
    const std::uint32_t* list = list_of(row, level);
    for (unsigned at = 0; at <= capacity(level); at += kLine) __builtin_prefetch(list + at);
  }
  std::uint32_t entry() const noexcept { return static_cast<std::uint32_t>(head_[1]); }  // kNoEntry: nothing is linked

  // The level of the row that is inserted as number `position`: floor(-ln(u) / ln(M)) of a uniform u of its own.
  std::uint8_t draw_level(std::size_t position) const noexcept;
  void grow(std::span<const std::uint8_t> levels);
  void truncate(std::size_t rows);  // Requires: none of the rows left out is linked
  // Only these rows stay, which rise; rows[i] becomes row i. Requires: no list of theirs names another one, and the
  // entry is among them.
  void keep(std::span<const std::uint32_t> rows);
  void set_entry(std::uint32_t row) noexcept { head_[1] = row; }
  void set(std::uint32_t row, unsigned level, std::span<const std::uint32_t> neighbours) noexcept;
  bool push(std::uint32_t row, unsigned level, std::uint32_t neighbour) noexcept;  // false: the list is full

 private:
  static constexpr unsigned kLine = 64 / sizeof(std::uint32_t);  // of a cache line
  const std::uint32_t* list_of(std::uint32_t row, unsigned level) const noexcept {
    return level == 0 ? base_.data() + std::size_t{row} * (2 * degree_ + 1)
                      : upper_.data() + std::size_t{upper_at_[row] + level - 1} * (degree_ + 1);
  }
  std::uint32_t* list_of(std::uint32_t row, unsigned level) noexcept {
    return const_cast<std::uint32_t*>(static_cast<const HnswLinks*>(this)->list_of(row, level));
  }
  void place_upper(std::size_t from);
  Result<void> check() const;

  unsigned degree_;
  std::uint64_t head_[2];  // seed, entry
  std::vector<std::uint8_t> levels_;
  std::vector<std::uint32_t> base_, upper_;  // lists: how many, then the neighbours, then room
  std::vector<std::uint32_t> upper_at_;      // the number of a row's first list in upper_
};

}  // namespace quiver::internal
