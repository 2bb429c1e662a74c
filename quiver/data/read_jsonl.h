// JSONL: one JSON object a line, as Items.
//
//   {"text": "a fine lion", "stars": 5, "tags": ["cat", "big"]}
//
// Columns are the keys met anywhere, in order of first appearance. Strings are Text, numbers and booleans (1, 0)
// Number, arrays of strings or of numbers `many`; null and an absent key are missing; an object or a deeper array stays
// as its JSON text. A key keeps one type through the file. An integer that a double cannot hold exactly is an Error:
// write it as a string. Empty lines are skipped. Errors name line and key.
//
// Cost: one pass by simdjson.
#pragma once
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

Result<Items> read_jsonl(const Source& source, const ReadOptions& options);

}  // namespace quiver
