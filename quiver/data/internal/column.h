// One column of Items: the arrays behind it, by modality. Shared by items.cc and items_builder.cc.
//
//   Text       strings: a text per value                    Number   numbers: a double per value
//   Image      strings: the path of a file per value
//   Category   codes per value, into strings (the names)    Rows     rows
//
// `many`: values of row i are offsets[i] .. offsets[i + 1]; otherwise value i belongs to row i and `missing` (empty:
// none) says which cells are not there: they hold an empty text, NaN or kMissingCategory.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "quiver/core/rows.h"
#include "quiver/data/items.h"

namespace quiver::internal {

struct Column {
  explicit Column(quiver::Field f) : field(std::move(f)), strings(std::make_shared<Strings>()) {}

  quiver::Field field;
  std::shared_ptr<Strings> strings;  // shared, so that chosen rows of a Category column keep its names
  std::vector<double> numbers;
  std::vector<std::uint32_t> codes;
  std::vector<std::uint64_t> offsets;
  std::vector<bool> missing;
  Rows rows;

  std::size_t size() const {
    if (field.many) return offsets.size() - 1;
    switch (field.modality) {
      case Modality::Text:
      case Modality::Image:
        return strings->size();
      case Modality::Number:
        return numbers.size();
      case Modality::Category:
        return codes.size();
      case Modality::Rows:
        return rows.size();
    }
    return 0;
  }
  // Values so far, which is the number of cells of a single column.
  std::size_t values() const {
    const bool texts = field.modality == Modality::Text || field.modality == Modality::Image;
    return texts ? strings->size() : field.modality == Modality::Number ? numbers.size() : codes.size();
  }
  bool is_missing(std::size_t row) const { return !missing.empty() && missing[row]; }
  std::string_view text(std::size_t value) const {
    if (field.modality != Modality::Category) return (*strings)[value];
    return codes[value] == kMissingCategory ? std::string_view() : (*strings)[codes[value]];
  }
};

// Of each cell of an Image column: a hash of its file's bytes. In image_column.cc.
Result<std::vector<std::uint64_t>> hash_files(const Column& column, std::size_t first, std::size_t count);

}  // namespace quiver::internal
