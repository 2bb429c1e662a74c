// Items and cards as people read them: cells as text, rows as a table, rows as JSON.
#pragma once
#include <string>

#include "quiver/cli/table.h"
#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/data/items.h"
#include "quiver/model/model.h"

namespace quiver::cli {

// Lists are joined by " | ", vectors shown by their length, a missing cell is empty.
Result<std::string> cell_text(const Items& items, const Field& field, std::size_t row);
Result<Json> cell_json(const Items& items, const Field& field, std::size_t row);
// One line a row, a column each. Long cells are cut to `width` characters.
Result<std::string> items_text(const Items& items, std::size_t first_rows, std::size_t width = 60);
Result<Json> items_json(const Items& items, std::size_t first_rows);
// The card's fields that say something, one a line.
Result<std::string> card_text(const Card& card);

}  // namespace quiver::cli
