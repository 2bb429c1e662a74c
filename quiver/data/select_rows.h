// Some of the rows of a Rows: a consecutive range, or any list of row numbers.
//
//   Rows page = slice_rows(rows, 100, 20);                 // dense rows are shared, not copied
//   Rows chosen = take_rows(rows, test_rows);              // copies, in the order given
//
// The Space and the element type stay. Cost: slice O(1) for dense rows, else and for take one copy of what is chosen.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/core/rows.h"

namespace quiver {

Rows slice_rows(const Rows& rows, std::size_t first, std::size_t count);  // Requires: first + count <= rows.size()
Rows take_rows(const Rows& rows, std::span<const std::uint32_t> chosen);  // Requires: each below rows.size()

}  // namespace quiver
