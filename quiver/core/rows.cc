#include "quiver/core/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver {
namespace {
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

Result<void> check_offsets(std::span<const std::uint32_t> offsets, std::size_t total, const char* of) {
  if (offsets.empty() || offsets.front() != 0) {
    return Error::invalid_argument("building rows: offsets must hold one entry per item and one more, beginning at 0");
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i] < offsets[i - 1]) {
      return Error::invalid_argument(
          fmt::format("building rows: offset {} falls from {} to {}", i, offsets[i - 1], offsets[i]));
    }
  }
  if (offsets.back() != total) {
    return Error::invalid_argument(
        fmt::format("building rows: the last offset is {} but there are {} {}", offsets.back(), total, of));
  }
  return {};
}
}  // namespace

std::string_view name_of(Form form) noexcept {
  constexpr std::string_view kNames[] = {"dense", "ragged", "sparse", "codes"};
  return kNames[static_cast<std::size_t>(form)];
}

std::size_t count_of(const RowsView& rows) noexcept {
  return std::visit(
      Overloaded{[](const MatrixView& v) { return v.rows; }, [](const TypedView& v) { return v.rows(); },
                 [](const RaggedView& v) { return v.offsets.empty() ? 0 : v.offsets.size() - 1; },
                 [](const SparseView& v) { return v.rows(); },
                 [](const CodesView& v) { return v.offsets.empty() ? v.packed.rows : v.offsets.size() - 1; }},
      rows);
}
std::size_t dims_of(const RowsView& rows) noexcept {
  return std::visit(
      Overloaded{[](const MatrixView& v) { return v.cols; }, [](const TypedView& v) { return v.dims; },
                 [](const RaggedView& v) { return v.vectors.cols; }, [](const SparseView& v) { return v.dims; },
                 [](const CodesView& v) { return static_cast<std::size_t>(v.columns); }},
      rows);
}
Form form_of(const RowsView& rows) noexcept {
  return std::visit(
      Overloaded{[](const MatrixView&) { return Form::Dense; }, [](const TypedView&) { return Form::Dense; },
                 [](const RaggedView&) { return Form::Ragged; }, [](const SparseView&) { return Form::Sparse; },
                 [](const CodesView&) { return Form::Codes; }},
      rows);
}

Rows Rows::dense(Matrix matrix, Space space) {
  auto owner = std::make_shared<const Matrix>(std::move(matrix));
  Rows rows;
  rows.space_ = std::move(space);
  rows.space_.dims = owner->cols();
  rows.view_ = owner->view();
  rows.owner_ = std::move(owner);
  return rows;
}
Rows Rows::dense(TypedMatrix matrix, Space space) {
  auto owner = std::make_shared<const TypedMatrix>(std::move(matrix));
  const TypedView view = owner->view();
  return borrowed(view, std::move(space), std::move(owner));
}
Rows Rows::borrowed(TypedView view, Space space, std::shared_ptr<const void> owner) {
  Rows rows;
  rows.space_ = std::move(space);
  rows.space_.dims = view.dims;
  if (view.element == Element::F32 && view.bytes.stride % sizeof(float) == 0) {
    rows.view_ = MatrixView{reinterpret_cast<const float*>(view.bytes.data), view.rows(), view.dims,
                            view.bytes.stride / sizeof(float)};
  } else {
    rows.view_ = view;
  }
  rows.owner_ = std::move(owner);
  return rows;
}
Result<Rows> Rows::ragged(Matrix vectors, std::vector<std::uint32_t> offsets, Space space) {
  QUIVER_TRY(check_offsets(offsets, vectors.rows(), "vectors"));
  struct Owner {
    Matrix vectors;
    std::vector<std::uint32_t> offsets;
  };
  auto owner = std::make_shared<const Owner>(Owner{std::move(vectors), std::move(offsets)});
  Rows rows;
  rows.space_ = std::move(space);
  rows.space_.dims = owner->vectors.cols();
  rows.view_ = RaggedView{owner->vectors.view(), owner->offsets};
  rows.owner_ = std::move(owner);
  return rows;
}
Result<Rows> Rows::sparse(SparseRows sparse, Space space) {
  QUIVER_TRY(check_offsets(sparse.offsets, sparse.terms.size(), "terms"));
  if (sparse.weights.size() != sparse.terms.size()) {
    return Error::invalid_argument(
        fmt::format("building sparse rows: {} terms but {} weights", sparse.terms.size(), sparse.weights.size()));
  }
  for (std::size_t i = 0; i + 1 < sparse.offsets.size(); ++i) {
    for (std::uint32_t j = sparse.offsets[i]; j < sparse.offsets[i + 1]; ++j) {
      if (sparse.terms[j] >= sparse.dims || (j > sparse.offsets[i] && sparse.terms[j] <= sparse.terms[j - 1])) {
        return Error::invalid_argument(
            fmt::format("building sparse rows: row {} holds term {} where terms must rise "
                        "strictly and stay below {}",
                        i, sparse.terms[j], sparse.dims));
      }
    }
  }
  auto owner = std::make_shared<const SparseRows>(std::move(sparse));
  Rows rows;
  rows.space_ = std::move(space);
  rows.space_.dims = owner->dims;
  rows.view_ = owner->view();
  rows.owner_ = std::move(owner);
  return rows;
}

Rows Rows::in_space(Space space) const {
  QUIVER_CHECK(space.dims == dims_of(view_));
  Rows rows = *this;
  rows.space_ = std::move(space);
  return rows;
}

Result<MatrixView> Rows::dense() const {
  if (const auto* view = std::get_if<MatrixView>(&view_)) return *view;
  if (const auto* view = std::get_if<TypedView>(&view_)) {
    if (view->rows() == 0) return MatrixView{nullptr, 0, view->dims, view->dims};
    return Error::unsupported(
        "reading rows as floats: they are stored in another element type; convert them with to_float()");
  }
  return Error::unsupported(fmt::format("reading rows as dense vectors: these are {}", name_of(form())));
}

Result<TypedView> Rows::dense_typed() const {
  if (const auto* view = std::get_if<MatrixView>(&view_)) return typed(*view);
  if (const auto* view = std::get_if<TypedView>(&view_)) return *view;
  return Error::unsupported(fmt::format("reading rows as dense vectors: these are {}", name_of(form())));
}

Result<Rows> rows_at(const Rows& rows, std::span<const std::uint32_t> which) {
  QUIVER_TRY(const TypedView from, rows.dense_typed());
  TypedMatrix out(from.element, which.size(), from.dims);
  for (std::size_t i = 0; i < which.size(); ++i) {
    QUIVER_CHECK(which[i] < from.rows());
    const auto row = from.bytes.row(which[i]);
    std::copy(row.begin(), row.end(), out.row(i));
  }
  return Rows::dense(std::move(out), rows.space());
}

}  // namespace quiver
