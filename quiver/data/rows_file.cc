#include "quiver/data/rows_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/container.h"
#include "quiver/core/json.h"
#include "quiver/core/metric.h"
#include "quiver/core/space_json.h"
#include "quiver/data/internal/array.h"

namespace quiver {
namespace {
constexpr std::size_t kAlign = 64;

// Whether the rows lie in memory as in the file: 64-byte steps, zeros behind each row's last coordinate. Owned rows do;
// a prefix or a slice of something wider does not.
bool lies_as_in_file(const View<std::byte>& rows, std::size_t stride) {
  if (rows.stride != stride) return false;
  for (std::size_t i = 0; i < rows.rows && rows.cols < stride; ++i) {
    const auto pad = std::span(rows.data + i * stride + rows.cols, stride - rows.cols);
    if (std::ranges::any_of(pad, [](std::byte b) { return b != std::byte{0}; })) return false;
  }
  return true;
}

Result<Rows> rows_of(const Container& file) {
  QUIVER_TRY(const std::string_view text, file.text("meta"));
  QUIVER_TRY(const Json meta, parse_json(text));
  QUIVER_TRY(const Json space_json, get<Json>(meta, "space"));
  QUIVER_TRY(Space space, space_from_json(space_json));
  QUIVER_TRY(const std::string element_name, get<std::string>(meta, "element"));
  QUIVER_TRY(const Element element, parse_element(element_name));
  QUIVER_TRY(const std::uint64_t rows, get<std::uint64_t>(meta, "rows"));
  QUIVER_TRY(const std::uint64_t stride, get<std::uint64_t>(meta, "stride"));
  QUIVER_TRY(internal::check_counts(rows, space.dims));
  QUIVER_TRY(const auto bytes, file.section("matrix"));
  // The checksums vouch for the bytes; these hold for files that another program wrote.
  const std::size_t width = bytes_of(element, space.dims);
  if (stride % kAlign != 0 || stride < width || bytes.size() / stride != rows || bytes.size() % stride != 0) {
    return Error::corruption(
        fmt::format("its meta says {} rows of {} x {} at {} bytes each, but the matrix has {} bytes", rows, space.dims,
                    element_name, stride, bytes.size()));
  }
  const TypedView view{element, {bytes.data(), rows, width, stride}, space.dims};
  return Rows::borrowed(view, std::move(space), file.owner());
}
}  // namespace

Result<void> save_rows(const std::filesystem::path& path, const Rows& rows) {
  const std::string step = "writing " + path.string();
  QUIVER_TRY(const TypedView view, rows.dense_typed().within(step));
  QUIVER_TRY(internal::check_counts(view.rows(), view.dims).within(step));
  const std::size_t width = view.bytes.cols, stride = (width + kAlign - 1) / kAlign * kAlign;
  const Json meta = {{"space", space_to_json(rows.space())},
                     {"element", std::string(name_of(view.element))},
                     {"rows", view.rows()},
                     {"stride", stride}};
  ContainerWriter writer("rows");
  writer.add("meta", dump_json(meta));
  TypedMatrix aligned;
  if (!lies_as_in_file(view.bytes, stride)) {
    aligned = TypedMatrix(view.element, view.rows(), view.dims);
    QUIVER_CHECK(aligned.stride() == stride);
    for (std::size_t i = 0; i < view.rows(); ++i) std::copy_n(view.bytes.row(i).data(), width, aligned.row(i));
    writer.add("matrix", std::span(aligned.row(0), view.rows() * stride));
  } else {
    writer.add("matrix", std::span(view.bytes.data, view.rows() * stride));
  }
  return writer.save(path);
}

Result<Rows> open_rows(const std::filesystem::path& path) {
  QUIVER_TRY(const Container file, Container::open(path, "rows"));
  return rows_of(file).within("reading " + path.string());
}

}  // namespace quiver
