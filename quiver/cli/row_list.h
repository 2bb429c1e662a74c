// Row numbers as people write them: 7, 10-19 (both ends included), and @FILE for a text file of such words.
//
//   QUIVER_TRY(std::vector<std::uint32_t> rows, parse_rows({"7", "10-19", "@gone.txt"}, index->size()));
//
// Words in a file are separated by blanks, commas or line breaks. Errors: InvalidArgument (no such word), NotFound (a
// row at or above `size`, or no such file). Thread-safety: a pure function. Cost: 4 bytes a row.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::cli {

Result<std::vector<std::uint32_t>> parse_rows(std::span<const std::string> words, std::size_t size);

}  // namespace quiver::cli
