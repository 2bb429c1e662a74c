#include "quiver/data/read_vecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/data/internal/array.h"

namespace quiver {
namespace {
static_assert(std::endian::native == std::endian::little);  // stated once: values are copied as they are

std::int32_t dimension_at(std::span<const std::byte> bytes, std::size_t at) {
  std::int32_t dims;
  std::memcpy(&dims, bytes.data() + at, sizeof(dims));
  return dims;
}

struct Layout {
  std::size_t rows = 0, dims = 0, row_size = 0;  // row_size: with the dimension before it
  const std::byte* row(std::span<const std::byte> bytes, std::size_t i) const {
    return bytes.data() + i * row_size + sizeof(std::int32_t);
  }
};

// Every row checked, nothing copied. width: bytes of a value.
Result<Layout> layout_of(std::span<const std::byte> bytes, std::size_t width) {
  QUIVER_TRY(internal::check_counts(bytes.empty() ? 0 : 1, 1));
  Layout layout;
  for (std::size_t at = 0; at < bytes.size(); at += layout.row_size, ++layout.rows) {
    if (bytes.size() - at < sizeof(std::int32_t)) {
      return Error::corruption(fmt::format("the file ends inside the dimension of row {}", layout.rows));
    }
    const std::int32_t dims = dimension_at(bytes, at);
    if (layout.rows == 0) {
      if (dims <= 0) {
        return Error::corruption(fmt::format("the first row has dimension {}; is this a file of vectors?", dims));
      }
      layout.dims = static_cast<std::size_t>(dims);
      layout.row_size = sizeof(std::int32_t) + layout.dims * width;
    } else if (static_cast<std::size_t>(dims) != layout.dims) {
      return Error::corruption(
          fmt::format("row {} has dimension {}, the first row has {}", layout.rows, dims, layout.dims));
    }
    if (bytes.size() - at < layout.row_size) {
      return Error::corruption(fmt::format("the file ends inside row {}: {} of its {} bytes are there", layout.rows,
                                           bytes.size() - at, layout.row_size));
    }
  }
  QUIVER_TRY(internal::check_counts(layout.rows, layout.dims));
  return layout;
}

Space plain_space(const ReadOptions& options) {
  return Space{.id = {}, .metric = options.metric.value_or(Metric::L2), .prefix_of = {}};
}

Result<void> write_rows(const std::filesystem::path& path, std::size_t rows, std::size_t dims, auto&& bytes_of_row) {
  QUIVER_TRY(internal::check_counts(rows, dims).within("writing " + path.string()));
  QUIVER_TRY(FileWriter out, FileWriter::create(path));
  const auto header = static_cast<std::int32_t>(dims);
  for (std::size_t i = 0; i < rows; ++i) {
    QUIVER_TRY(out.write(std::as_bytes(std::span(&header, 1))));
    QUIVER_TRY(out.write(bytes_of_row(i)));
  }
  return out.commit();
}
}  // namespace

Result<Items> read_fvecs(const Source& source, const ReadOptions& options) {
  QUIVER_TRY(const Layout layout, layout_of(source.bytes(), sizeof(float)));
  Matrix out(layout.rows, layout.dims);
  for (std::size_t i = 0; i < layout.rows; ++i) {
    std::memcpy(out.row(i).data(), layout.row(source.bytes(), i), layout.dims * sizeof(float));
  }
  QUIVER_TRY(check_finite(out.view(), "vectors"));
  return Items::of("vectors", Rows::dense(std::move(out), plain_space(options)));
}

Result<Items> read_bvecs(const Source& source, const ReadOptions& options) {
  QUIVER_TRY(const Layout layout, layout_of(source.bytes(), 1));
  TypedMatrix out(Element::U8, layout.rows, layout.dims);
  for (std::size_t i = 0; i < layout.rows; ++i) std::memcpy(out.row(i), layout.row(source.bytes(), i), layout.dims);
  return Items::of("vectors", Rows::dense(std::move(out), plain_space(options)));
}

Result<Items> read_ivecs(const Source& source, const ReadOptions&) {
  QUIVER_TRY(const Layout layout, layout_of(source.bytes(), sizeof(std::int32_t)));
  QUIVER_TRY(
      internal::check_counts(layout.rows * layout.dims, layout.dims));  // values of a list column are u32-counted
  std::vector<double> numbers;
  numbers.reserve(layout.rows * layout.dims);
  std::vector<std::int32_t> row(layout.dims);
  for (std::size_t i = 0; i < layout.rows; ++i) {
    std::memcpy(row.data(), layout.row(source.bytes(), i), layout.dims * sizeof(std::int32_t));
    numbers.insert(numbers.end(), row.begin(), row.end());
  }
  return Items::of("neighbors", std::move(numbers), layout.dims);
}

Result<void> write_fvecs(const std::filesystem::path& path, TypedView rows) {
  // Widened a block at a time: a file of a billion bytes needs no second copy of itself in memory.
  constexpr std::size_t kBlock = 1024;
  Matrix block;
  std::size_t first = 0, count = 0;
  return write_rows(path, rows.rows(), rows.dims, [&](std::size_t i) {
    if (i >= first + count) {
      first = i;
      count = std::min(kBlock, rows.rows() - i);
      block = to_float({rows.element, rows.bytes.slice(first, count), rows.dims});
    }
    return std::as_bytes(std::as_const(block).row(i - first));
  });
}
Result<void> write_bvecs(const std::filesystem::path& path, TypedView rows) {
  if (rows.element != Element::U8) {
    return Error::unsupported(
        fmt::format("writing {}: bvecs hold u8 values and these are {}; convert them or use .fvecs", path.string(),
                    name_of(rows.element)));
  }
  return write_rows(path, rows.rows(), rows.dims, [&](std::size_t i) { return rows.bytes.row(i); });
}
Result<void> write_ivecs(const std::filesystem::path& path, View<std::int32_t> values) {
  return write_rows(path, values.rows, values.cols, [&](std::size_t i) { return std::as_bytes(values.row(i)); });
}

}  // namespace quiver
