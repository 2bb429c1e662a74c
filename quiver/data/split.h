// Splits: which rows train, which validate, which test, decided by a hash of the row itself. The same row lands on the
// same side on every machine, in any order of the file, and stays there when rows are appended.
//
//   QUIVER_TRY(auto rows, split_rows(items, Part::Test, "synset"));   // row numbers, rising
//   Part part = part_of(hash, {.train = 0.8, .validation = 0.1});     // of one of items.hashes("synset")
//
// `together` names the column whose equal values must stay on one side (all sentences of one document); without it the
// whole row is hashed, so exact duplicates never straddle a border. The fractions hold in expectation, not to the row.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/items.h"

namespace quiver {

enum class Part : std::uint8_t { All, Train, Validation, Test };
std::string_view name_of(Part part) noexcept;
Result<Part> parse_part(std::string_view name);  // "all" | "train" | "validation" | "test"

struct SplitFractions {  // the rest, up to 1, is test
  double train = 0.90, validation = 0.05;
};

// Never Part::All. Requires: fractions within [0, 1], sum at most 1.
Part part_of(std::uint64_t hash, SplitFractions fractions) noexcept;

Result<std::vector<std::uint32_t>> split_rows(const Items& items, Part part, std::string_view together = {},
                                              SplitFractions fractions = {});

}  // namespace quiver
