// Rows: an owner of vectors that knows their Space, in one of four forms. What models give and indexes take.
//
//   Dense    one vector per item                     (Matrix, or TypedMatrix of another element type)
//   Ragged   several vectors per item                (tokens, slots, regions): vectors + offsets
//   Sparse   (term, weight) pairs per item           (words with weights): offsets + terms + weights
//   Codes    integers per item                       (binary codes, codec frames), packed
//
// Every form is a few shared arrays: copying a Rows is cheap and shares them; none can be changed once inside.
// Offsets have items + 1 entries, begin at 0, never fall, and end at the number of vectors (or terms).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/space.h"

namespace quiver {

enum class Form : std::uint8_t { Dense, Ragged, Sparse, Codes };
std::string_view name_of(Form form) noexcept;

struct RaggedView {
  MatrixView vectors;
  std::span<const std::uint32_t> offsets;
};
struct SparseView {
  std::span<const std::uint32_t> offsets, terms;  // terms of one item rise strictly
  std::span<const float> weights;
  std::size_t dims = 0;  // every term is below this
  std::size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};
struct CodesView {
  View<std::byte> packed;
  std::uint32_t columns = 0, bits = 1;
  std::span<const std::uint32_t> offsets;  // empty: one code row per item
};
using RowsView = std::variant<MatrixView, TypedView, RaggedView, SparseView, CodesView>;

std::size_t count_of(const RowsView& rows) noexcept;  // items
std::size_t dims_of(const RowsView& rows) noexcept;   // coordinates of one vector (columns of codes)
Form form_of(const RowsView& rows) noexcept;

struct SparseRows {  // the owner of a SparseView; fill it row by row with add_row
  std::vector<std::uint32_t> offsets{0}, terms;
  std::vector<float> weights;
  std::size_t dims = 0;
  SparseView view() const& { return {offsets, terms, weights, dims}; }
  SparseView view() const&& = delete;
};

class Rows {
 public:
  Rows() = default;
  static Rows dense(Matrix matrix, Space space);  // space.dims is set from the rows
  static Rows dense(TypedMatrix matrix, Space space);
  // Borrowed memory (a mapped file) kept alive by `owner`.
  static Rows borrowed(TypedView view, Space space, std::shared_ptr<const void> owner);
  static Result<Rows> ragged(Matrix vectors, std::vector<std::uint32_t> offsets, Space space);
  static Result<Rows> sparse(SparseRows rows, Space space);

  const Space& space() const noexcept { return space_; }
  Rows in_space(Space space) const;  // the same numbers, declared to live elsewhere; dims must agree
  std::size_t size() const noexcept { return count_of(view_); }
  Form form() const noexcept { return form_of(view_); }
  RowsView view() const noexcept { return view_; }
  // The rows as float vectors in memory. Error Unsupported when the form is not Dense or the element is not F32.
  Result<MatrixView> dense() const;
  // The rows as dense vectors of whatever element type they are stored in. Error Unsupported when the form is not
  // Dense.
  Result<TypedView> dense_typed() const;

 private:
  Space space_;
  RowsView view_;
  std::shared_ptr<const void> owner_;
};

// Copies of the rows `which`, in that order and in the element type they are stored in. Error Unsupported when the form
// is not Dense. Requires: every number is below rows.size().
Result<Rows> rows_at(const Rows& rows, std::span<const std::uint32_t> which);

}  // namespace quiver
