#include "quiver/data/items_builder.h"

#include <limits>
#include <string>
#include <unordered_map>

#include "quiver/core/check.h"
#include "quiver/data/internal/column.h"

namespace quiver {

struct ItemsBuilder::Growing {
  std::shared_ptr<internal::Column> column;
  std::unordered_map<std::string, std::uint32_t> codes;  // of the names of a Category column

  explicit Growing(Field field) : column(std::make_shared<internal::Column>(std::move(field))) {
    if (column->field.many) column->offsets.push_back(0);
  }
  // Ends a row: `rows` is the number of rows before it.
  void end_row(std::size_t rows) {
    internal::Column& c = *column;
    if (c.field.many) {
      c.offsets.push_back(c.values());
      return;
    }
    if (c.values() == rows) {
      switch (c.field.modality) {
        case Modality::Text:
        case Modality::Image:
          c.strings->add({});
          break;
        case Modality::Number:
          c.numbers.push_back(std::numeric_limits<double>::quiet_NaN());
          break;
        case Modality::Category:
          c.codes.push_back(kMissingCategory);
          break;
        case Modality::Rows:
          break;
      }
      c.field.optional = true;
      c.missing.resize(rows + 1, false);
      c.missing[rows] = true;
    } else if (!c.missing.empty()) {
      c.missing.resize(rows + 1, false);
    }
    QUIVER_CHECK(c.values() == rows + 1);  // a single cell is set once a row
  }
};

ItemsBuilder::ItemsBuilder(std::vector<Field> fields) {
  for (Field& field : fields) add_field(std::move(field));
}
ItemsBuilder::ItemsBuilder(ItemsBuilder&&) noexcept = default;
ItemsBuilder& ItemsBuilder::operator=(ItemsBuilder&&) noexcept = default;
ItemsBuilder::~ItemsBuilder() = default;

std::size_t ItemsBuilder::add_field(Field field) {
  QUIVER_CHECK(field.modality != Modality::Rows && !(field.modality == Modality::Image && field.many));
  Growing& added = columns_.emplace_back(std::move(field));
  for (std::size_t row = 0; row < rows_; ++row) added.end_row(row);
  return columns_.size() - 1;
}

void ItemsBuilder::text(std::size_t field, std::string_view value) {
  internal::Column& column = *columns_[field].column;
  QUIVER_DCHECK(column.field.modality == Modality::Text);
  column.strings->add(value);
}
void ItemsBuilder::image(std::size_t field, std::string_view path) {
  internal::Column& column = *columns_[field].column;
  QUIVER_DCHECK(column.field.modality == Modality::Image);
  column.strings->add(path);
}
void ItemsBuilder::number(std::size_t field, double value) {
  internal::Column& column = *columns_[field].column;
  QUIVER_DCHECK(column.field.modality == Modality::Number);
  column.numbers.push_back(value);
}
void ItemsBuilder::category(std::size_t field, std::string_view name) {
  Growing& growing = columns_[field];
  QUIVER_DCHECK(growing.column->field.modality == Modality::Category);
  const auto code = static_cast<std::uint32_t>(growing.codes.size());
  const auto [found, added] = growing.codes.try_emplace(std::string(name), code);
  if (added) growing.column->strings->add(name);
  growing.column->codes.push_back(found->second);
}

void ItemsBuilder::end_row() {
  for (Growing& growing : columns_) growing.end_row(rows_);
  ++rows_;
}

Items ItemsBuilder::build() && {
  std::vector<std::shared_ptr<const internal::Column>> columns;
  for (Growing& growing : columns_) columns.push_back(std::move(growing.column));
  return Items::of_columns(std::move(columns), rows_);
}

}  // namespace quiver
