#include "quiver/index/internal/eligible.h"

#include <fmt/format.h>

namespace quiver::internal {

Result<void> remove_rows(Removed& removed, std::span<const std::uint32_t> rows, std::size_t size,
                         const RowSlots* slots) {
  Removed changed = removed;
  for (const std::uint32_t row : rows) {
    if (row >= size) {
      return Error::not_found(fmt::format("removing row {}: the index has rows 0 .. {}; nothing was removed", row,
                                          static_cast<std::int64_t>(size) - 1));
    }
    const std::optional<std::uint32_t> slot = slots != nullptr ? slots->slot_of(row) : row;
    if (!slot || changed.contains(*slot)) {
      return Error::not_found(
          fmt::format("removing row {}: it is removed already, or named twice; nothing was removed", row));
    }
    changed.insert(*slot);
  }
  removed = std::move(changed);
  return {};
}

std::vector<std::uint32_t> rows_left(const Removed& removed, std::size_t size) {
  std::vector<std::uint32_t> rows;
  for (std::size_t row = 0; row < size; ++row) {
    if (!removed.contains(row)) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

}  // namespace quiver::internal
