#include "quiver/data/select_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace quiver {
namespace {
// Keeps a Rows alive behind memory borrowed from it.
Rows borrowed_from(const Rows& rows, TypedView part) {
  return Rows::borrowed(part, rows.space(), std::make_shared<const Rows>(rows));
}

Rows take_dense(TypedView view, const Space& space, std::span<const std::uint32_t> chosen) {
  TypedMatrix out(view.element, chosen.size(), view.dims);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto row = view.bytes.row(chosen[i]);
    if (!row.empty()) std::memcpy(out.row(i), row.data(), row.size());
  }
  return Rows::dense(std::move(out), space);
}

Rows take_ragged(const RaggedView& view, const Space& space, std::span<const std::uint32_t> chosen) {
  std::vector<std::uint32_t> offsets{0};
  offsets.reserve(chosen.size() + 1);
  for (const std::uint32_t item : chosen) {
    offsets.push_back(offsets.back() + view.offsets[item + 1] - view.offsets[item]);
  }
  Matrix vectors(offsets.back(), view.vectors.cols);
  std::size_t next = 0;
  for (const std::uint32_t item : chosen) {
    for (std::uint32_t i = view.offsets[item]; i < view.offsets[item + 1]; ++i) {
      std::ranges::copy(view.vectors.row(i), vectors.row(next++).begin());
    }
  }
  auto rows = Rows::ragged(std::move(vectors), std::move(offsets), space);
  QUIVER_CHECK(rows.has_value());  // parts of valid rows are valid
  return *std::move(rows);
}

Rows take_sparse(const SparseView& view, const Space& space, std::span<const std::uint32_t> chosen) {
  SparseRows out;
  out.dims = view.dims;
  for (const std::uint32_t item : chosen) {
    const std::uint32_t begin = view.offsets[item], count = view.offsets[item + 1] - begin;
    const auto terms = view.terms.subspan(begin, count);
    const auto weights = view.weights.subspan(begin, count);
    out.terms.insert(out.terms.end(), terms.begin(), terms.end());
    out.weights.insert(out.weights.end(), weights.begin(), weights.end());
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  auto rows = Rows::sparse(std::move(out), space);
  QUIVER_CHECK(rows.has_value());
  return *std::move(rows);
}

std::vector<std::uint32_t> range(std::size_t first, std::size_t count) {
  std::vector<std::uint32_t> out(count);
  std::iota(out.begin(), out.end(), static_cast<std::uint32_t>(first));
  return out;
}
}  // namespace

Rows slice_rows(const Rows& rows, std::size_t first, std::size_t count) {
  QUIVER_CHECK(first + count <= rows.size());
  if (first == 0 && count == rows.size()) return rows;
  const RowsView view = rows.view();
  if (const auto* dense = std::get_if<MatrixView>(&view)) return borrowed_from(rows, typed(dense->slice(first, count)));
  if (const auto* dense = std::get_if<TypedView>(&view)) {
    return borrowed_from(rows, {dense->element, dense->bytes.slice(first, count), dense->dims});
  }
  return take_rows(rows, range(first, count));
}

Rows take_rows(const Rows& rows, std::span<const std::uint32_t> chosen) {
  QUIVER_CHECK(std::ranges::all_of(chosen, [&](std::uint32_t row) { return row < rows.size(); }));
  const RowsView view = rows.view();
  if (const auto* dense = std::get_if<MatrixView>(&view)) return take_dense(typed(*dense), rows.space(), chosen);
  if (const auto* dense = std::get_if<TypedView>(&view)) return take_dense(*dense, rows.space(), chosen);
  if (const auto* ragged = std::get_if<RaggedView>(&view)) return take_ragged(*ragged, rows.space(), chosen);
  const auto* sparse = std::get_if<SparseView>(&view);
  QUIVER_CHECK(sparse != nullptr);  // nothing makes rows of codes yet
  return take_sparse(*sparse, rows.space(), chosen);
}

}  // namespace quiver
