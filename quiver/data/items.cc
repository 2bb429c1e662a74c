#include "quiver/data/items.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <unordered_map>

#include "quiver/core/check.h"
#include "quiver/core/options.h"
#include "quiver/core/random.h"
#include "quiver/data/internal/column.h"
#include "quiver/data/select_rows.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
using internal::Column;

std::string listed(std::span<const Field> fields) {
  std::string out;
  for (const Field& field : fields) out += (out.empty() ? "" : ", ") + describe(field);
  return out.empty() ? "there are no columns" : "the columns are " + out;
}
Error wrong_kind(const Field& field, std::string_view wanted) {
  return Error::invalid_argument(
      fmt::format("reading column '{}' as {}: it is {}", field.name, wanted, describe(field)));
}

// The chosen cells of a column; row numbers count from its beginning.
Column taken(const Column& column, std::span<const std::uint32_t> rows) {
  Column out(column.field);
  if (column.field.modality == Modality::Rows) {
    out.rows = take_rows(column.rows, rows);
    return out;
  }
  if (column.field.modality == Modality::Category) out.strings = column.strings;
  const auto take_value = [&](std::size_t value) {
    switch (column.field.modality) {
      case Modality::Text:
      case Modality::Image:
        out.strings->add((*column.strings)[value]);
        break;
      case Modality::Number:
        out.numbers.push_back(column.numbers[value]);
        break;
      case Modality::Category:
        out.codes.push_back(column.codes[value]);
        break;
      case Modality::Rows:
        break;
    }
  };
  if (column.field.many) out.offsets.push_back(0);
  for (const std::uint32_t row : rows) {
    if (!column.field.many) {
      take_value(row);
      if (!column.missing.empty()) out.missing.push_back(column.missing[row]);
      continue;
    }
    for (std::uint64_t value = column.offsets[row]; value < column.offsets[row + 1]; ++value) take_value(value);
    out.offsets.push_back(out.values());
  }
  return out;
}

// Hashes of cells: a part per value, so that ["ab", "c"] and ["a", "bc"] differ.
std::uint64_t hash_of_number(double value) {
  if (value == 0) value = 0;  // -0 equals 0
  return mix(std::bit_cast<std::uint64_t>(value), 2);
}
std::uint64_t hash_of_bytes(const void* data, std::size_t size) {
  return feature_hash({static_cast<const char*>(data), size}, 3);
}
std::uint64_t hash_of_vector(const RowsView& view, std::size_t row) {
  if (const auto* dense = std::get_if<MatrixView>(&view)) {
    return hash_of_bytes(dense->row(row).data(), dense->row(row).size_bytes());
  }
  if (const auto* dense = std::get_if<TypedView>(&view)) {
    return hash_of_bytes(dense->bytes.row(row).data(), dense->bytes.row(row).size());
  }
  std::uint64_t hash = 0;
  if (const auto* ragged = std::get_if<RaggedView>(&view)) {
    for (std::uint32_t i = ragged->offsets[row]; i < ragged->offsets[row + 1]; ++i) {
      hash = mix(hash, hash_of_bytes(ragged->vectors.row(i).data(), ragged->vectors.row(i).size_bytes()));
    }
  } else if (const auto* sparse = std::get_if<SparseView>(&view)) {
    for (std::uint32_t i = sparse->offsets[row]; i < sparse->offsets[row + 1]; ++i) {
      hash = mix(hash, mix(sparse->terms[i], std::bit_cast<std::uint32_t>(sparse->weights[i])));
    }
  }
  return hash;
}
// Not of an Image column, whose files must be read: internal::hash_files().
std::uint64_t hash_of_cell(const Column& column, std::size_t row) {
  if (column.field.modality == Modality::Rows) return hash_of_vector(column.rows.view(), row);
  const auto hash_of_value = [&](std::size_t value) {
    return column.field.modality == Modality::Number ? hash_of_number(column.numbers[value])
                                                     : feature_hash(column.text(value), 1);
  };
  if (column.is_missing(row)) return mix(0, 4);
  if (!column.field.many) return hash_of_value(row);
  std::uint64_t hash = mix(column.offsets[row + 1] - column.offsets[row], 5);
  for (std::uint64_t value = column.offsets[row]; value < column.offsets[row + 1]; ++value) {
    hash = mix(hash, hash_of_value(value));
  }
  return hash;
}
}  // namespace

std::string_view name_of(Modality modality) noexcept {
  constexpr std::string_view kNames[] = {"text", "image", "number", "category", "rows"};
  return kNames[static_cast<std::size_t>(modality)];
}
std::string describe(const Field& field) {
  return fmt::format("{} ({}{}{})", field.name, name_of(field.modality), field.many ? ", many" : "",
                     field.optional ? ", optional" : "");
}

std::string_view TextColumn::operator[](std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  return column_->text(first_ + row);
}
bool TextColumn::missing(std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  return column_->is_missing(first_ + row);
}
std::vector<std::string_view> TextColumn::to_vector() const {
  std::vector<std::string_view> out;
  out.reserve(count_);
  for (std::size_t row = 0; row < count_; ++row) out.push_back((*this)[row]);
  return out;
}

StringsView TextLists::operator[](std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  const std::size_t at = first_ + row;
  if (!column_->field.many) return column_->strings->view(at, column_->is_missing(at) ? 0 : 1);
  return column_->strings->view(column_->offsets[at], column_->offsets[at + 1] - column_->offsets[at]);
}
std::size_t TextLists::total() const {
  std::size_t sum = 0;
  for (std::size_t row = 0; row < count_; ++row) sum += (*this)[row].size();
  return sum;
}

std::span<const double> NumberLists::operator[](std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  const std::size_t at = first_ + row;
  return std::span(column_->numbers).subspan(column_->offsets[at], column_->offsets[at + 1] - column_->offsets[at]);
}

struct Items::Table {
  std::vector<Field> fields;
  std::vector<std::shared_ptr<const Column>> columns;
};

Items Items::of_columns(std::vector<std::shared_ptr<const Column>> columns, std::size_t rows) {
  QUIVER_CHECK(rows < std::numeric_limits<std::uint32_t>::max());
  auto table = std::make_shared<Table>();
  for (const auto& column : columns) {
    QUIVER_CHECK(column->size() == rows);
    QUIVER_CHECK(std::ranges::find(table->fields, column->field.name, &Field::name) == table->fields.end());
    table->fields.push_back(column->field);
  }
  table->columns = std::move(columns);
  Items items;
  items.table_ = std::move(table);
  items.count_ = rows;
  return items;
}
Items Items::of(std::string name, std::span<const std::string> texts) {
  auto column = std::make_shared<Column>(Field{.name = std::move(name)});
  for (const std::string& text : texts) column->strings->add(text);
  return of_columns({std::move(column)}, texts.size());
}
Items Items::of(std::string name, Rows rows) {
  auto column = std::make_shared<Column>(Field{.name = std::move(name), .modality = Modality::Rows});
  const std::size_t count = rows.size();
  column->rows = std::move(rows);
  return of_columns({std::move(column)}, count);
}

Items Items::of(std::string name, std::vector<double> numbers) {
  auto column = std::make_shared<Column>(Field{.name = std::move(name), .modality = Modality::Number});
  column->numbers = std::move(numbers);
  const std::size_t count = column->numbers.size();
  return of_columns({std::move(column)}, count);
}
Items Items::of(std::string name, std::vector<double> numbers, std::size_t list_size) {
  QUIVER_CHECK(list_size > 0 && numbers.size() % list_size == 0);
  auto column = std::make_shared<Column>(Field{.name = std::move(name), .modality = Modality::Number, .many = true});
  for (std::size_t end = 0; end <= numbers.size(); end += list_size) column->offsets.push_back(end);
  column->numbers = std::move(numbers);
  const std::size_t count = column->size();
  return of_columns({std::move(column)}, count);
}

std::span<const Field> Items::fields() const noexcept {
  return table_ ? std::span<const Field>(table_->fields) : std::span<const Field>();
}
bool Items::has(std::string_view column) const noexcept {
  return std::ranges::find(fields(), column, &Field::name) != fields().end();
}
Result<std::shared_ptr<const Column>> Items::find(std::string_view column) const {
  const auto found = std::ranges::find(fields(), column, &Field::name);
  if (found != fields().end()) return table_->columns[static_cast<std::size_t>(found - fields().begin())];
  std::vector<std::string> names;
  for (const Field& field : fields()) names.push_back(field.name);
  const std::string near = did_you_mean(column, names);
  return Error::not_found(fmt::format("there is no column '{}'{}; {}", column,
                                      near.empty() ? "" : fmt::format(", did you mean '{}'?", near), listed(fields())));
}
Result<Field> Items::field(std::string_view column) const {
  QUIVER_TRY(const auto found, find(column));
  return found->field;
}

Items Items::slice(std::size_t first, std::size_t count) const {
  QUIVER_CHECK(first + count <= count_);
  Items part = *this;
  part.first_ += first;
  part.count_ = count;
  return part;
}
Items Items::take(std::span<const std::uint32_t> rows) const {
  std::vector<std::uint32_t> absolute(rows.begin(), rows.end());
  for (std::uint32_t& row : absolute) {
    QUIVER_CHECK(row < count_);
    row += static_cast<std::uint32_t>(first_);
  }
  std::vector<std::shared_ptr<const Column>> columns;
  if (table_) {
    for (const auto& column : table_->columns)
      columns.push_back(std::make_shared<const Column>(taken(*column, absolute)));
  }
  return of_columns(std::move(columns), rows.size());
}
Result<Items> Items::select(std::span<const std::string_view> names) const {
  auto table = std::make_shared<Table>();
  for (const std::string_view name : names) {
    QUIVER_TRY(auto column, find(name));
    if (std::ranges::find(table->fields, name, &Field::name) != table->fields.end()) {
      return Error::invalid_argument(fmt::format("choosing columns: '{}' is named twice", name));
    }
    table->fields.push_back(column->field);
    table->columns.push_back(std::move(column));
  }
  Items chosen = *this;
  chosen.table_ = std::move(table);
  return chosen;
}
Result<Items> Items::beside(const Items& other) const {
  if (size() != other.size()) {
    return Error::invalid_argument(
        fmt::format("putting columns side by side: one side has {} rows, the other {}", size(), other.size()));
  }
  // Slices may begin at different rows: a side that is not whole columns is copied first.
  const auto whole = [](const Items& items) {
    for (std::size_t i = 0; i < items.fields().size(); ++i) {
      if (items.table_->columns[i]->size() != items.count_) {
        std::vector<std::uint32_t> rows(items.count_);
        std::iota(rows.begin(), rows.end(), 0u);
        return items.take(rows);
      }
    }
    return items;
  };
  const Items left = whole(*this), right = whole(other);
  std::vector<std::shared_ptr<const Column>> columns;
  if (left.table_) columns = left.table_->columns;
  for (std::size_t i = 0; i < right.fields().size(); ++i) {
    if (left.has(right.fields()[i].name)) {
      return Error::invalid_argument(
          fmt::format("putting columns side by side: both sides have a column '{}'", right.fields()[i].name));
    }
    columns.push_back(right.table_->columns[i]);
  }
  return of_columns(std::move(columns), size());
}

Result<TextColumn> Items::text(std::string_view column) const {
  QUIVER_TRY(auto found, find(column));
  const Field& field = found->field;
  if (field.many || (field.modality != Modality::Text && field.modality != Modality::Category)) {
    return wrong_kind(field, "one text a row");
  }
  TextColumn out;
  out.column_ = std::move(found);
  out.first_ = first_;
  out.count_ = count_;
  return out;
}
Result<TextLists> Items::texts(std::string_view column) const {
  QUIVER_TRY(auto found, find(column));
  if (found->field.modality != Modality::Text) return wrong_kind(found->field, "lists of texts");
  TextLists out;
  out.column_ = std::move(found);
  out.first_ = first_;
  out.count_ = count_;
  return out;
}
Result<std::span<const double>> Items::numbers(std::string_view column) const {
  QUIVER_TRY(const auto found, find(column));
  if (found->field.many || found->field.modality != Modality::Number)
    return wrong_kind(found->field, "one number a row");
  return std::span<const double>(found->numbers).subspan(first_, count_);
}
Result<NumberLists> Items::number_lists(std::string_view column) const {
  QUIVER_TRY(auto found, find(column));
  if (!found->field.many || found->field.modality != Modality::Number)
    return wrong_kind(found->field, "lists of numbers");
  NumberLists out;
  out.column_ = std::move(found);
  out.first_ = first_;
  out.count_ = count_;
  return out;
}

Result<Categories> Items::categories(std::string_view column) const {
  QUIVER_TRY(const auto found, find(column));
  if (found->field.many || found->field.modality == Modality::Rows || found->field.modality == Modality::Image)
    return wrong_kind(found->field, "one category a row");
  Categories out;
  if (found->field.modality == Modality::Category) {
    const auto codes = std::span<const std::uint32_t>(found->codes).subspan(first_, count_);
    out.codes.assign(codes.begin(), codes.end());
    out.names = *found->strings;
    return out;
  }
  std::unordered_map<std::string, std::uint32_t> known;
  out.codes.reserve(count_);
  for (std::size_t row = first_; row < first_ + count_; ++row) {
    if (found->is_missing(row)) {
      out.codes.push_back(kMissingCategory);
      continue;
    }
    std::string name = found->field.modality == Modality::Number ? fmt::format("{}", found->numbers[row])
                                                                 : std::string(found->text(row));
    const auto [at, added] = known.try_emplace(std::move(name), static_cast<std::uint32_t>(known.size()));
    if (added) out.names.add(at->first);
    out.codes.push_back(at->second);
  }
  return out;
}

Result<Rows> Items::rows(std::string_view column) const {
  QUIVER_TRY(const auto found, find(column));
  if (found->field.modality == Modality::Rows) return slice_rows(found->rows, first_, count_);
  if (!found->field.many || found->field.modality != Modality::Number) return wrong_kind(found->field, "vectors");
  QUIVER_TRY(const NumberLists lists, number_lists(column));
  const std::size_t dims = count_ == 0 ? 0 : lists[0].size();
  Matrix matrix(count_, dims);
  for (std::size_t row = 0; row < count_; ++row) {
    if (lists[row].size() != dims || dims == 0) {
      return Error::invalid_argument(fmt::format("reading column '{}' as vectors: row {} has {} numbers{}", column, row,
                                                 lists[row].size(),
                                                 row == 0 ? "" : fmt::format(", the first row has {}", dims)));
    }
    for (std::size_t i = 0; i < dims; ++i) matrix.row(row)[i] = static_cast<float>(lists[row][i]);
  }
  QUIVER_TRY(check_finite(matrix.view(), column));
  return Rows::dense(std::move(matrix), Space{.id = {}, .dims = dims, .metric = Metric::L2, .prefix_of = {}});
}
Result<Rows> Items::only_rows() const {
  const Field* only = nullptr;
  for (const Field& field : fields()) {
    if (field.modality != Modality::Rows) continue;
    if (only != nullptr) {
      return Error::invalid_argument(
          fmt::format("looking for the vectors: both '{}' and '{}' hold some; name one", only->name, field.name));
    }
    only = &field;
  }
  if (only == nullptr)
    return Error::invalid_argument("looking for the vectors: no column holds any; " + listed(fields()));
  return rows(only->name);
}

Result<std::vector<std::uint64_t>> Items::hashes(std::string_view column) const {
  std::vector<std::shared_ptr<const Column>> chosen;
  if (!column.empty()) {
    QUIVER_TRY(auto found, find(column));
    chosen.push_back(std::move(found));
  } else if (table_) {
    chosen = table_->columns;
  }
  std::vector<std::uint64_t> out(count_, 0);
  for (const auto& each : chosen) {
    if (each->field.modality == Modality::Image) {
      QUIVER_TRY(const std::vector<std::uint64_t> files, internal::hash_files(*each, first_, count_));
      for (std::size_t row = 0; row < count_; ++row) out[row] = mix(out[row], files[row]);
      continue;
    }
    for (std::size_t row = 0; row < count_; ++row) out[row] = mix(out[row], hash_of_cell(*each, first_ + row));
  }
  return out;
}

}  // namespace quiver
