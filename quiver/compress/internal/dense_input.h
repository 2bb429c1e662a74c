// What every quantizer does with the rows it is given: check that they are dense, of the right length and finite, then
// read them as floats, one at a time or block by block, whatever element type they come in.
#pragma once
#include <string_view>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"

namespace quiver::internal {

inline constexpr std::size_t kMaxRows = 0xffffffffU;  // row numbers are 32 bits

class DenseInput {
 public:
  // `what` begins the message: "encoding as lvq(8)". `held`: rows there already.
  // Errors: Unsupported (ragged, sparse, codes), InvalidArgument (dims; NaN or infinity; too many rows).
  static Result<DenseInput> of(const RowsView& rows, std::size_t dims, std::size_t held, std::string_view what);

  std::size_t rows() const noexcept { return rows_.rows(); }
  const TypedView& typed() const noexcept { return rows_; }
  // Rows first .. first + count - 1 as floats: where they lie, or converted into `scratch`.
  MatrixView floats(std::size_t first, std::size_t count, Matrix& scratch) const;

 private:
  explicit DenseInput(TypedView rows) : rows_(rows) {}
  TypedView rows_;
};

// Row `row` of `element` coordinates as floats.
void widen(Element element, const std::byte* row, std::size_t dims, float* out) noexcept;

}  // namespace quiver::internal
