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

}  // namespace quiver::internal
