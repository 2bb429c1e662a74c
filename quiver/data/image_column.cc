#include "quiver/data/image_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "quiver/core/check.h"
#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/data/internal/column.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/text.h"

namespace quiver {

bool ImageColumn::missing(std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  return column_->is_missing(first_ + row);
}
std::filesystem::path ImageColumn::path(std::size_t row) const {
  QUIVER_DCHECK(row < count_);
  return column_->text(first_ + row);
}
Result<std::filesystem::path> ImageColumn::present(std::size_t row) const {
  if (!missing(row)) return path(row);
  return Error::failed_precondition(
      fmt::format("row {} of column '{}' has no picture; leave such rows out", row, column_->field.name));
}
Result<ImageInfo> ImageColumn::info(std::size_t row) const {
  QUIVER_TRY(const std::filesystem::path path, present(row));
  QUIVER_TRY(const MappedFile file, MappedFile::open(path));
  return image_info(file.bytes()).within("reading " + path.string());
}
Result<Image> ImageColumn::image(std::size_t row, const ImageOptions& options) const {
  QUIVER_TRY(const std::filesystem::path path, present(row));
  return read_image(path, options);
}

Result<ImageColumn> Items::images(std::string_view column) const {
  QUIVER_TRY(auto found, find(column));
  if (found->field.modality != Modality::Image || found->field.many) {
    return Error::invalid_argument(fmt::format(
        "reading column '{}' as one picture a row: it is {}{}", column, describe(found->field),
        found->field.modality == Modality::Text ? fmt::format("; if it holds paths, say ?images={}", column) : ""));
  }
  ImageColumn out;
  out.column_ = std::move(found);
  out.first_ = first_;
  out.count_ = count_;
  return out;
}

namespace {
// A column of paths as one of pictures.
Result<Items> opened_paths(const Items& items, std::string_view name, const std::filesystem::path& folder) {
  QUIVER_TRY(Field field, items.field(name));
  if (field.modality != Modality::Text || field.many) {
    return Error::invalid_argument(
        fmt::format("reading column '{}' as paths of pictures: it is {}", name, describe(field)));
  }
  QUIVER_TRY(const TextColumn paths, items.text(name));
  field.modality = Modality::Image;
  ItemsBuilder builder({field});
  for (std::size_t row = 0; row < paths.size(); ++row) {
    if (!paths.missing(row)) {
      const std::filesystem::path path = folder / paths[row];
      std::error_code failed;
      if (!std::filesystem::is_regular_file(path, failed)) {
        return Error::not_found(fmt::format("row {} of column '{}': there is no file {}", row, name, path.string()));
      }
      builder.image(0, path.string());
    }
    builder.end_row();
  }
  return std::move(builder).build();
}
}  // namespace

Result<Items> with_images(const Items& items, std::span<const std::string_view> columns,
                          const std::filesystem::path& folder) {
  std::vector<std::string_view> order;
  for (const Field& field : items.fields()) order.push_back(field.name);
  Items out = items;
  for (const std::string_view column : columns) {
    QUIVER_TRY(const Items pictures, opened_paths(out, column, folder));
    std::vector<std::string_view> others;
    std::ranges::copy_if(order, std::back_inserter(others), [&](std::string_view name) { return name != column; });
    QUIVER_TRY(const Items rest, out.select(others));
    QUIVER_TRY(const Items both, rest.beside(pictures));
    QUIVER_TRY(out, both.select(order));
  }
  return out;
}

Result<std::vector<std::uint64_t>> internal::hash_files(const Column& column, std::size_t first, std::size_t count) {
  std::vector<std::uint64_t> out;
  out.reserve(count);
  const auto hash = [&](std::size_t value) -> Result<std::uint64_t> {
    QUIVER_TRY(const MappedFile file, MappedFile::open(column.text(value)));
    return feature_hash(file.text(), 6);
  };
  for (std::size_t row = first; row < first + count; ++row) {
    if (column.is_missing(row)) {
      out.push_back(mix(0, 4));
      continue;
    }
    QUIVER_TRY(const std::uint64_t value, hash(row));
    out.push_back(value);
  }
  return out;
}

}  // namespace quiver
