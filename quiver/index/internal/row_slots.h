// RowSlots: which place of an index holds which row, where places of removed rows are used again but row numbers are
// not. As long as no place was used twice, row r lies in slot r and nothing is stored; afterwards a table says it, as
// large as the slots there are, however many rows came and went.
//
//   RowSlots slots(1000);                 // rows 0 .. 999, each in its slot
//   slots.release(7);                     // row 7 is gone
//   slots.place({7, 1000}, gone);           // rows 1000 and 1001 take slots 7 and 1000
//   slots.row_of(7) == 1000; slots.slot_of(7) == std::nullopt
//
// Invariants: a row has one slot, a slot at most one row; later rows have larger numbers. Thread-safety: readers at
// once, changes alone. Cost: row_of() one load; slot_of() a binary search; 12 bytes a slot with a table, else none.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::internal {

class RowSlots {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;  // the row of a slot whose row is removed

  explicit RowSlots(std::size_t rows = 0) : rows_(rows), slots_(rows) {}
  // What table() was, of `rows` ever added. Errors: Corruption (a row that is not below `rows`, or comes twice).
  static Result<RowSlots> of(std::span<const std::uint32_t> table, std::size_t rows);

  std::size_t rows() const noexcept { return rows_; }  // ever added
  std::size_t slots() const noexcept { return slots_; }
  std::span<const std::uint32_t> table() const noexcept { return row_of_; }  // empty: row r lies in slot r
  std::uint32_t row_of(std::size_t slot) const noexcept {
    return row_of_.empty() ? static_cast<std::uint32_t>(slot) : row_of_[slot];
  }
  // Without a table a removed row still has its slot: its owner knows which are removed.
  std::optional<std::uint32_t> slot_of(std::size_t row) const noexcept;
  std::size_t bytes() const noexcept { return row_of_.size() * sizeof(std::uint32_t); }  // that searches read

  void release(std::uint32_t slot) noexcept;  // its row is removed
  // The next rows take these slots: released ones, or the next behind the last. `gone` says which slots have no row,
  // for the day a table is begun.
  void place(std::span<const std::uint32_t> slots, const std::function<bool(std::size_t)>& gone);

 private:
  using Placed = std::pair<std::uint32_t, std::uint32_t>;  // row, slot
  std::size_t rows_, slots_;
  std::vector<std::uint32_t> row_of_;
  std::vector<Placed> by_row_;  // rows rising; one that row_of_ denies is gone
};

}  // namespace quiver::internal
