// Tables: CSV, TSV and plain text as Items.
//
//   CSV    RFC 4180: commas, "quoted cells" with doubled quotes, line breaks inside quotes
//   TSV    tabs; quotes are plain characters (text/tab-separated-values has no quoting)
//   text   one row a line, column "text"
//
// Lines end with LF or CRLF; a byte-order mark is skipped. The first line of CSV and TSV names the columns (`header`);
// without it they are column1, column2, ... Empty lines of CSV and TSV are skipped; of plain text they are rows.
//
// A column is Number if every cell that is there is a finite number which a double holds as it is written: "007" and
// integers of more than 15 digits make it Text. An empty unquoted cell is missing.
//
// Errors name the line: a row with another number of cells, a quote that is not closed, bytes that are not UTF-8.
//
// Cost: two passes over the cells.
#pragma once
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

Result<Items> read_csv(const Source& source, const ReadOptions& options);
Result<Items> read_tsv(const Source& source, const ReadOptions& options);
Result<Items> read_lines(const Source& source, const ReadOptions& options);

}  // namespace quiver
