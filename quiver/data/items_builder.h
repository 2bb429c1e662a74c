// ItemsBuilder: Items made row by row; what the readers of tables use. Columns are named by position for speed.
//
//   ItemsBuilder builder({{.name = "text"}, {.name = "stars", .modality = Modality::Number}});
//   builder.text(0, "a fine lion");
//   builder.number(1, 5);
//   builder.end_row();
//   Items items = std::move(builder).build();
//
// A cell that is not set before end_row() is missing (of a `many` column: an empty list) and makes its field optional.
// Vectors are not built here: put them beside() the result. Fewer than 2^32 - 1 rows: whoever reads a file checks that.
// Thread-safety: one owner. Cost: amortised appends; build() copies nothing.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "quiver/data/items.h"

namespace quiver {

class ItemsBuilder {
 public:
  explicit ItemsBuilder(std::vector<Field> fields = {});  // Requires: no Modality::Rows, no lists of pictures
  ItemsBuilder(ItemsBuilder&&) noexcept;
  ItemsBuilder& operator=(ItemsBuilder&&) noexcept;
  ~ItemsBuilder();

  std::size_t add_field(Field field);  // the rows so far miss it; returns its position
  // Requires: the field has that modality; a single cell is set once a row, a list grows by one value.
  void text(std::size_t field, std::string_view value);
  void image(std::size_t field, std::string_view path);  // which is opened when it is looked at
  void number(std::size_t field, double value);
  void category(std::size_t field, std::string_view name);
  void end_row();
  std::size_t rows() const noexcept { return rows_; }
  Items build() &&;

 private:
  struct Growing;
  std::vector<Growing> columns_;
  std::size_t rows_ = 0;
};

}  // namespace quiver
