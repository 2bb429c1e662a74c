#include "quiver/index/internal/row_slots.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::internal {

Result<RowSlots> RowSlots::of(std::span<const std::uint32_t> table, std::size_t rows) {
  RowSlots made(rows);
  made.slots_ = table.size();
  made.row_of_.assign(table.begin(), table.end());
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    if (table[slot] == kNone) continue;
    if (table[slot] >= rows) {
      return Error::corruption(
          fmt::format("slot {} holds row {} of {}; build the index again", slot, table[slot], rows));
    }
    made.by_row_.emplace_back(table[slot], static_cast<std::uint32_t>(slot));
  }
  std::sort(made.by_row_.begin(), made.by_row_.end());
  const auto same_row = [](const Placed& a, const Placed& b) { return a.first == b.first; };
  const auto twice = std::adjacent_find(made.by_row_.begin(), made.by_row_.end(), same_row);
  if (twice == made.by_row_.end()) return made;
  return Error::corruption(fmt::format("row {} lies in two slots; build the index again", twice->first));
}

std::optional<std::uint32_t> RowSlots::slot_of(std::size_t row) const noexcept {
  if (row >= rows_) return std::nullopt;
  if (row_of_.empty()) return static_cast<std::uint32_t>(row);
  const auto at = std::lower_bound(by_row_.begin(), by_row_.end(), row,
                                   [](const Placed& placed, std::size_t wanted) { return placed.first < wanted; });
  if (at == by_row_.end() || at->first != row || row_of_[at->second] != row) return std::nullopt;
  return at->second;
}

void RowSlots::release(std::uint32_t slot) noexcept {
  if (!row_of_.empty()) row_of_[slot] = kNone;
}

void RowSlots::place(std::span<const std::uint32_t> slots, const std::function<bool(std::size_t)>& gone) {
  while (row_of_.empty() && !slots.empty() && slots.front() == slots_ && slots_ == rows_) {
    ++slots_;
    ++rows_;
    slots = slots.subspan(1);
  }
  if (slots.empty()) return;
  if (row_of_.empty()) {
    for (std::size_t slot = 0; slot < slots_; ++slot) {
      const auto number = static_cast<std::uint32_t>(slot);
      row_of_.push_back(gone(slot) ? kNone : number);
      if (row_of_.back() != kNone) by_row_.emplace_back(number, number);
    }
  }
  // Rows that are gone stay in by_row_ until they are as many as the slots.
  if (by_row_.size() + slots.size() > 2 * (slots_ + slots.size())) {
    std::erase_if(by_row_, [&](const Placed& placed) { return row_of_[placed.second] != placed.first; });
  }
  for (const std::uint32_t slot : slots) {
    QUIVER_CHECK(slot <= slots_);
    if (slot == slots_) {
      row_of_.push_back(kNone);
      ++slots_;
    }
    row_of_[slot] = static_cast<std::uint32_t>(rows_);
    by_row_.emplace_back(static_cast<std::uint32_t>(rows_), slot);
    ++rows_;
  }
}

}  // namespace quiver::internal
