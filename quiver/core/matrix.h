// Matrices of vectors: View borrows, Matrix and TypedMatrix own. Row-major, one vector a row, every row of an owned
// matrix begins on a 64-byte boundary, so a row never shares a cache line with its neighbour and aligned loads are
// legal.
//
//   Matrix base(1000, 96);              // zeros; stride() == 96 here: 96 floats fill whole cache lines
//   std::span<float> row = base.row(7);
//   MatrixView first = base.view().slice(0, 100);
//
// Invariants: stride >= cols (elements between the starts of two rows); the pad behind a row's last element is zero.
// Thread-safety: reading is safe from many threads; writing rows is safe when threads own different rows.
// Cost: construction touches every byte once; views are four words.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/simd/element.h"

namespace quiver {

// A borrowed matrix: `rows` rows of `cols` elements, row i at data + i * stride.
template <class T>
struct View {
  const T* data = nullptr;
  std::size_t rows = 0, cols = 0, stride = 0;

  std::span<const T> row(std::size_t i) const {
    QUIVER_DCHECK(i < rows);
    return {data + i * stride, cols};
  }
  // Requires: first + count <= rows.
  View slice(std::size_t first, std::size_t count) const {
    QUIVER_DCHECK(first + count <= rows);
    return {data + first * stride, count, cols, stride};
  }
  // The first `count` coordinates of every row: a Matryoshka prefix. Requires: count <= cols.
  View prefix(std::size_t count) const {
    QUIVER_DCHECK(count <= cols);
    return {data, rows, count, stride};
  }
  bool empty() const { return rows == 0; }
};
using MatrixView = View<float>;

// Rows of any stored element type. `bytes.cols` and `bytes.stride` count bytes; `dims` counts coordinates.
struct TypedView {
  Element element = Element::F32;
  View<std::byte> bytes;
  std::size_t dims = 0;
  std::size_t rows() const { return bytes.rows; }
};
TypedView typed(MatrixView view) noexcept;  // the same memory, as F32

// Zeroed memory on a 64-byte boundary, from huge pages where the kernel gives them. Throws std::bad_alloc like `new`.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t size = 0);
  std::byte* data() noexcept { return data_.get(); }
  const std::byte* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// The owner of float rows.
class Matrix {
 public:
  explicit Matrix(std::size_t rows = 0, std::size_t cols = 0);  // zeros
  static Matrix copy_of(MatrixView view);
  Matrix(Matrix&&) noexcept = default;
  Matrix& operator=(Matrix&&) noexcept = default;

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  std::size_t stride() const noexcept { return stride_; }  // in floats
  float* data() noexcept { return reinterpret_cast<float*>(bytes_.data()); }
  const float* data() const noexcept { return reinterpret_cast<const float*>(bytes_.data()); }
  std::span<float> row(std::size_t i) {
    QUIVER_DCHECK(i < rows_);
    return {data() + i * stride_, cols_};
  }
  std::span<const float> row(std::size_t i) const {
    QUIVER_DCHECK(i < rows_);
    return {data() + i * stride_, cols_};
  }
  MatrixView view() const& noexcept { return {data(), rows_, cols_, stride_}; }
  MatrixView view() const&& = delete;  // a view of a temporary would dangle

 private:
  std::size_t rows_ = 0, cols_ = 0, stride_ = 0;
  AlignedBytes bytes_;
};

// The owner of rows of any element type.
class TypedMatrix {
 public:
  explicit TypedMatrix(Element element = Element::F32, std::size_t rows = 0, std::size_t dims = 0);
  Element element() const noexcept { return element_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t dims() const noexcept { return dims_; }
  std::byte* row(std::size_t i) { return bytes_.data() + i * stride_; }
  const std::byte* row(std::size_t i) const { return bytes_.data() + i * stride_; }
  std::size_t stride() const noexcept { return stride_; }  // in bytes
  TypedView view() const& noexcept {
    return {element_, {bytes_.data(), rows_, bytes_of(element_, dims_), stride_}, dims_};
  }
  TypedView view() const&& = delete;

 private:
  Element element_;
  std::size_t rows_ = 0, dims_ = 0, stride_ = 0;
  AlignedBytes bytes_;
};

// Rows as float: F32 is copied, halves widen, integers convert, a bit becomes 0 or 1.
Matrix to_float(TypedView rows);
// Rows as another element type: halves round to nearest even; I8/U8 round and fail on a value outside their range
// (the Error names row and column); Bit is 1 where the value is above zero.
Result<TypedMatrix> to_element(MatrixView rows, Element element);
// The Error names the first row and column that is NaN or infinite: a distance to it would be meaningless.
Result<void> check_finite(MatrixView rows, std::string_view what);
// Scales every row to unit length; a zero row stays zero. Returns how many were zero.
std::size_t normalize_rows(Matrix& rows);

}  // namespace quiver
