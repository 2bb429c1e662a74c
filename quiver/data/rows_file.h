// .qvr: Quiver's own file of vectors. A Container of kind "rows": section "meta" (JSON: space, element, rows, dims,
// stride) and section "matrix" (the rows, each on a 64-byte boundary as in memory), so that opening maps it and copies
// nothing.
//
//   QUIVER_TRY(save_rows("base.qvr", rows));
//   QUIVER_TRY(Rows base, open_rows("base.qvr"));     // knows its Space; read from the page cache as it is used
//
// Dense rows of every element type; other forms are Unsupported until something writes them. Any truncation or flipped
// bit is Corruption (container.h). Layout: docs/reference/formats/rows.md.
#pragma once
#include <filesystem>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"

namespace quiver {

Result<void> save_rows(const std::filesystem::path& path, const Rows& rows);
Result<Rows> open_rows(const std::filesystem::path& path);

}  // namespace quiver
