// Tables: JSONL, CSV, TSV and plain text as Items.
//
//   JSONL     one object a line; columns are the keys met anywhere, in order. Strings are Text, numbers and booleans
//   Number,
//             arrays of either are `many`, null and an absent key are missing, an object stays as its JSON text. One
//             key keeps one type. An integer that a double cannot hold exactly is an Error: write it as a string.
//   CSV, TSV  RFC 4180: quotes, doubled quotes, line breaks inside quotes, CRLF or LF; a byte-order mark is skipped.
//   The first
//             line names the columns (`header`); without it they are column1, column2, ... A column is Number if every
//             cell that is not empty parses as a finite number, else Text. An empty unquoted cell is missing.
//   text      one row a line, column "text"; CRLF or LF.
//
// Errors name the line. Text must be UTF-8. Cost: one pass; JSONL by simdjson at memory speed.
#pragma once
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

Result<Items> read_jsonl(const Source& source, const ReadOptions& options);
Result<Items> read_csv(const Source& source, const ReadOptions& options);
Result<Items> read_tsv(const Source& source, const ReadOptions& options);
Result<Items> read_lines(const Source& source, const ReadOptions& options);

}  // namespace quiver
