// What several verbs read: vectors and labels by data set spec, and data or models by role.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/data/dataset.h"
#include "quiver/data/items.h"

namespace quiver::cli {

// The column that vectors are read from when none is named: the only one of vectors, else the only one of lists of
// numbers. Empty when there is none, or a choice.
std::string vectors_column(const Items& items);

// The vectors of a data set; `column` may be empty when vectors_column() knows it. Errors: no rows, and another
// count than `expected` rows (0: any).
Result<Rows> read_rows(const std::string& spec, const std::string& column, std::size_t expected = 0);

// "wordnet:/usr/share/wordnet:text": the texts of the column behind the last colon.
Result<TextColumn> read_labels(const std::string& spec_and_column);
// The same as a class number a row, of texts, numbers or categories. Error InvalidArgument unless there are `rows` of
// them and none is missing.
Result<std::vector<std::uint32_t>> read_classes(const std::string& spec_and_column, std::size_t rows);

// "queries=q.jsonl" -> {"queries", "q.jsonl"}; without a role: {`otherwise`, ...}. A '=' behind '?' belongs to the
// spec.
struct Named {
  std::string role, value;
};
Named named(const std::string& text, std::string_view otherwise);

// Refuses to write where the folder does not exist, before any work is done.
Result<void> check_writable(const std::string& path);

}  // namespace quiver::cli
