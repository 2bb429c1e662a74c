// Dense linear algebra in double, for what is fitted once from sums over many rows: second moments, their eigenvectors,
// polar factors. Work on the rows themselves is float (linalg.h).
//
//   SecondMoment moment(dims);
//   moment.add(block);                                       // (rows, dims), as often as there are blocks
//   DoubleMatrix k = moment.mean();                          // 1/n sum x x^T
//   QUIVER_TRY(DoubleEigen top, top_eigen(k, 96));           // the 96 largest, values falling, vectors as rows
//
// Row-major without padding. Shapes that do not agree are the programmer's fault (QUIVER_CHECK). BLAS uses as many
// threads as BlasThreads (linalg.h) says. Thread-safety: pure functions and values.
#pragma once
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"

namespace quiver {

class DoubleMatrix {
 public:
  explicit DoubleMatrix(std::size_t rows = 0, std::size_t cols = 0) : rows_(rows), cols_(cols), values_(rows * cols) {}
  static DoubleMatrix copy_of(MatrixView view);
  static DoubleMatrix identity(std::size_t rows, std::size_t cols);  // ones on the diagonal

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  std::span<double> values() noexcept { return values_; }
  std::span<const double> values() const noexcept { return values_; }
  std::span<double> row(std::size_t i) { return std::span(values_).subspan(i * cols_, cols_); }
  std::span<const double> row(std::size_t i) const { return std::span(values_).subspan(i * cols_, cols_); }
  Matrix to_float() const;

 private:
  std::size_t rows_, cols_;
  std::vector<double> values_;
};

DoubleMatrix product(const DoubleMatrix& a, const DoubleMatrix& b);     // a b
DoubleMatrix product_nt(const DoubleMatrix& a, const DoubleMatrix& b);  // a b^T
DoubleMatrix product_tn(const DoubleMatrix& a, const DoubleMatrix& b);  // a^T b
// a = scale_a * a + scale_b * b, value by value.
void combine(DoubleMatrix& a, double scale_a, const DoubleMatrix& b, double scale_b);
double inner(const DoubleMatrix& a, const DoubleMatrix& b);  // sum of a_ij b_ij
double trace(const DoubleMatrix& a);

// The mean of x x^T over rows handed in block by block.
class SecondMoment {
 public:
  explicit SecondMoment(std::size_t dims) : sum_(dims, dims) {}
  void add(const DoubleMatrix& rows);
  std::size_t count() const noexcept { return count_; }
  DoubleMatrix mean() const;  // zeros before the first row

 private:
  DoubleMatrix sum_;  // upper triangle
  std::size_t count_ = 0;
};

struct DoubleEigen {
  std::vector<double> values;  // falling
  DoubleMatrix vectors;        // row i belongs to values[i]; orthonormal
};
// The `count` largest eigenvalues of a symmetric matrix with their vectors: LAPACK dsyevr. Requires: count <= rows.
Result<DoubleEigen> top_eigen(const DoubleMatrix& a, std::size_t count);
Result<std::vector<double>> eigenvalues(const DoubleMatrix& a);  // all, falling

// U V^T of the thin SVD a = U S V^T: the nearest matrix with orthonormal rows (or columns, if there are fewer of them).
Result<DoubleMatrix> polar_factor(const DoubleMatrix& a);  // LAPACK dgesdd
Result<std::vector<double>> singular_values(const DoubleMatrix& a);

}  // namespace quiver
