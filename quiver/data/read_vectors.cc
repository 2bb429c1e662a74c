#include "quiver/data/read_vectors.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "quiver/core/options.h"
#include "quiver/data/read_npy.h"
#include "quiver/data/read_vecs.h"
#include "quiver/data/rows_file.h"

namespace quiver {
namespace {
Error unknown_suffix(const std::filesystem::path& path, std::string_view known) {
  return Error::invalid_argument(
      fmt::format("writing {}: '{}' is no format to write; use {}", path.string(), path.extension().string(), known));
}

Result<Integers> integers_of(const Items& items) {
  QUIVER_TRY(const NumberLists lists, items.number_lists("neighbors"));
  Integers out;
  out.rows = lists.size();
  out.cols = lists[0].size();
  out.values.reserve(out.rows * out.cols);
  for (std::size_t row = 0; row < out.rows; ++row) {
    if (lists[row].size() != out.cols) {
      return Error::invalid_argument(
          fmt::format("row {} has {} numbers, the first row has {}", row, lists[row].size(), out.cols));
    }
    for (const double value : lists[row]) {
      if (value != std::trunc(value) ||
          !(value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max())) {
        return Error::invalid_argument(fmt::format("row {} holds {}, which is no 32-bit integer", row, value));
      }
      out.values.push_back(static_cast<std::int32_t>(value));
    }
  }
  return out;
}
}  // namespace

Result<Rows> read_vectors(const std::filesystem::path& path, const ReadOptions& options) {
  QUIVER_TRY(const Items items, read_items(path, {}, options));
  return items.only_rows().within("reading " + path.string());
}

Result<Integers> read_integers(const std::filesystem::path& path) {
  QUIVER_TRY(const Source source, Source::open(path));
  const std::string step = "reading " + path.string();
  if (source.text().starts_with(kNpyMark)) {
    Integers out;
    QUIVER_TRY(out.values, read_npy_integers(source, out.cols).within(step));
    out.rows = out.values.size() / out.cols;
    return out;
  }
  QUIVER_TRY(const Items items, read_items(path, {}, {.part = "test"}));
  return integers_of(items).within(step);
}

Result<void> write_vectors(const std::filesystem::path& path, const Rows& rows) {
  const std::string suffix = path.extension().string();
  if (suffix == ".qvr") return save_rows(path, rows);
  QUIVER_TRY(const TypedView view, rows.dense_typed().within("writing " + path.string()));
  if (suffix == ".fvecs") return write_fvecs(path, view);
  if (suffix == ".bvecs") return write_bvecs(path, view);
  if (suffix == ".npy") return write_npy(path, view);
  return unknown_suffix(path, ".qvr, .npy, .fvecs or .bvecs");
}

Result<void> write_integers(const std::filesystem::path& path, View<std::int32_t> values) {
  const std::string suffix = path.extension().string();
  if (suffix == ".ivecs") return write_ivecs(path, values);
  if (suffix == ".npy") return write_npy_integers(path, values);
  return unknown_suffix(path, ".ivecs or .npy");
}

}  // namespace quiver
