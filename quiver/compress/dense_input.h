// DenseInput: what every quantizer and index does with the rows it is given: check that they are dense, of the right
// length and finite, then read them as floats, one at a time or block by block, whatever element type they come in.
//
//   QUIVER_TRY(const DenseInput input, DenseInput::of(rows, space.dims, 0, "encoding as lvq(8)"));
//   Matrix scratch;
//   MatrixView block = input.floats(first, 256, scratch);
//
// Borrows the rows. Thread-safety: immutable; each thread brings its own scratch.
#pragma once
#include <string_view>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"

namespace quiver {

inline constexpr std::size_t kMaxRows = 0xffffffffU;  // row numbers are 32 bits

class DenseInput {
 public:
  // `what` begins the message: "encoding as lvq(8)". `held`: rows there already.
  // Errors: Unsupported (ragged, sparse, codes), InvalidArgument (dims; NaN or infinity; too many rows).
  static Result<DenseInput> of(const RowsView& rows, std::size_t dims, std::size_t held, std::string_view what);

  std::size_t rows() const noexcept { return rows_.rows(); }
  const TypedView& typed() const noexcept { return rows_; }
  TypedView row(std::size_t i) const { return {rows_.element, rows_.bytes.slice(i, 1), rows_.dims}; }
  // Rows first .. first + count - 1 as floats: where they lie, or converted into `scratch`.
  MatrixView floats(std::size_t first, std::size_t count, Matrix& scratch) const;

 private:
  explicit DenseInput(TypedView rows) : rows_(rows) {}
  TypedView rows_;
};

// Row `row` of `element` coordinates as floats.
void widen(Element element, const std::byte* row, std::size_t dims, float* out) noexcept;

}  // namespace quiver
