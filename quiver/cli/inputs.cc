#include "quiver/cli/inputs.h"

#include <fmt/format.h>

#include <filesystem>

namespace quiver::cli {

std::string vectors_column(const Items& items) {
  std::vector<std::string> vectors, lists;
  for (const Field& field : items.fields()) {
    if (field.modality == Modality::Rows) vectors.push_back(field.name);
    if (field.modality == Modality::Number && field.many) lists.push_back(field.name);
  }
  const std::vector<std::string>& found = vectors.empty() ? lists : vectors;
  return found.size() == 1 ? found[0] : "";
}

Result<Rows> read_rows(const std::string& spec, const std::string& column, std::size_t expected) {
  QUIVER_TRY(Dataset data, Dataset::open(spec));
  const std::string chosen = column.empty() ? vectors_column(data.items()) : column;
  QUIVER_TRY(Rows rows, (chosen.empty() ? data.items().only_rows() : data.items().rows(chosen)).within(spec));
  if (expected != 0 && rows.size() != expected) {
    return Error::invalid_argument(
        fmt::format("{}: holds {} rows, --rows says {}; the file may be cut short or of another type", spec,
                    rows.size(), expected));
  }
  return rows;
}

namespace {
struct ColumnOfSpec {
  std::string spec, column;
};
Result<ColumnOfSpec> parse_labels(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string column = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (column.empty() || column.find('/') != std::string::npos) {
    return Error::invalid_argument(
        fmt::format("--labels '{}' names no column; write SPEC:COLUMN, such as items.jsonl:title", text));
  }
  return ColumnOfSpec{text.substr(0, colon), std::move(column)};
}
}  // namespace

Result<TextColumn> read_labels(const std::string& spec_and_column) {
  QUIVER_TRY(const ColumnOfSpec where, parse_labels(spec_and_column));
  QUIVER_TRY(Dataset data, Dataset::open(where.spec));
  return data.items().text(where.column).within(where.spec);
}

Result<std::vector<std::uint32_t>> read_classes(const std::string& spec_and_column, std::size_t rows) {
  QUIVER_TRY(const ColumnOfSpec where, parse_labels(spec_and_column));
  QUIVER_TRY(Dataset data, Dataset::open(where.spec));
  QUIVER_TRY(Categories classes, data.items().categories(where.column).within(where.spec));
  if (classes.codes.size() != rows) {
    return Error::invalid_argument(
        fmt::format("--labels '{}' has {} rows, there are {} vectors", spec_and_column, classes.codes.size(), rows));
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (classes.codes[row] == kMissingCategory) {
      return Error::invalid_argument(fmt::format("--labels '{}' has none for row {}", spec_and_column, row));
    }
  }
  return std::move(classes.codes);
}

Named named(const std::string& text, std::string_view otherwise) {
  const std::size_t equals = text.find('=');
  const std::size_t end = text.find_first_of("?:/.");
  if (equals == std::string::npos || equals == 0 || equals > end) return {std::string(otherwise), text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<void> check_writable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code failed;
  if (std::filesystem::is_directory(folder, failed)) return {};
  return Error::not_found(
      fmt::format("writing {}: the folder {} does not exist; make it first", path, folder.string()));
}

}  // namespace quiver::cli
