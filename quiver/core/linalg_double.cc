#include "quiver/core/linalg_double.h"

#include <cblas.h>
#include <fmt/format.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>

namespace quiver {
namespace {
int blas_int(std::size_t n) {
  QUIVER_CHECK(n <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(n);
}
int leading_of(const DoubleMatrix& a) { return blas_int(std::max<std::size_t>(a.cols(), 1)); }

Error did_not_converge(const char* what, lapack_int info) {
  return Error::internal(
      fmt::format("{} did not converge (info {}); the input may hold NaN or infinite values", what, info));
}
Result<void> check_finite_values(const DoubleMatrix& a) {
  if (std::ranges::all_of(a.values(), [](double x) { return std::isfinite(x); })) return {};
  return Error::invalid_argument("decomposing a matrix: it holds NaN or infinite values; repair the rows it came from");
}

// dsyevr for the `count` largest; vectors only if wanted.
Result<DoubleEigen> largest(const DoubleMatrix& a, std::size_t count, bool vectors) {
  QUIVER_CHECK(a.rows() == a.cols() && count <= a.rows());
  QUIVER_TRY(check_finite_values(a));
  DoubleEigen out{std::vector<double>(count), DoubleMatrix(vectors ? count : 0, a.cols())};
  if (count == 0) return out;
  const std::size_t n = a.rows();
  // Read by columns, a symmetric matrix is itself with its triangles swapped: no transposition, eigenvectors as rows.
  std::vector<double> work(a.values().begin(), a.values().end()), rising(n);
  DoubleMatrix found(vectors ? count : 0, n);
  std::vector<lapack_int> support(2 * n);
  lapack_int m = 0;
  const lapack_int info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'I', 'L', blas_int(n), work.data(),
                                         blas_int(n), 0, 0, blas_int(n - count + 1), blas_int(n), 0, &m, rising.data(),
                                         vectors ? found.values().data() : nullptr, blas_int(n), support.data());
  if (info != 0 || m != blas_int(count)) return did_not_converge("the symmetric eigen decomposition", info);
  for (std::size_t i = 0; i < count; ++i) {
    out.values[i] = rising[count - 1 - i];
    if (vectors) std::ranges::copy(found.row(count - 1 - i), out.vectors.row(i).begin());
  }
  return out;
}

DoubleMatrix multiplied(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, std::size_t m, std::size_t n, std::size_t k,
                        const DoubleMatrix& a, const DoubleMatrix& b) {
  DoubleMatrix out(m, n);
  if (m == 0 || n == 0) return out;
  cblas_dgemm(CblasRowMajor, ta, tb, blas_int(m), blas_int(n), blas_int(k), 1, a.values().data(), leading_of(a),
              b.values().data(), leading_of(b), 0, out.values().data(), leading_of(out));
  return out;
}

struct ThinSvd {
  DoubleMatrix u, vt;
  std::vector<double> s;
};
Result<ThinSvd> thin_svd(const DoubleMatrix& a, bool vectors) {
  QUIVER_TRY(check_finite_values(a));
  const std::size_t m = a.rows(), n = a.cols(), r = std::min(m, n);
  ThinSvd out{DoubleMatrix(vectors ? m : 0, r), DoubleMatrix(vectors ? r : 0, n), std::vector<double>(r)};
  if (r == 0) return out;
  std::vector<double> work(a.values().begin(), a.values().end());
  const lapack_int info =
      LAPACKE_dgesdd(LAPACK_ROW_MAJOR, vectors ? 'S' : 'N', blas_int(m), blas_int(n), work.data(), blas_int(n),
                     out.s.data(), out.u.values().data(), blas_int(r), out.vt.values().data(), blas_int(n));
  if (info != 0) return did_not_converge("the singular value decomposition", info);
  return out;
}
}  // namespace

DoubleMatrix DoubleMatrix::copy_of(MatrixView view) {
  DoubleMatrix out(view.rows, view.cols);
  for (std::size_t i = 0; i < view.rows; ++i) std::ranges::copy(view.row(i), out.row(i).begin());
  return out;
}
DoubleMatrix DoubleMatrix::identity(std::size_t rows, std::size_t cols) {
  DoubleMatrix out(rows, cols);
  for (std::size_t i = 0; i < std::min(rows, cols); ++i) out.row(i)[i] = 1;
  return out;
}
Matrix DoubleMatrix::to_float() const {
  Matrix out(rows_, cols_);
  for (std::size_t i = 0; i < rows_; ++i) {
    std::ranges::transform(row(i), out.row(i).begin(), [](double x) { return static_cast<float>(x); });
  }
  return out;
}

DoubleMatrix product(const DoubleMatrix& a, const DoubleMatrix& b) {
  QUIVER_CHECK(a.cols() == b.rows());
  return multiplied(CblasNoTrans, CblasNoTrans, a.rows(), b.cols(), a.cols(), a, b);
}
DoubleMatrix product_nt(const DoubleMatrix& a, const DoubleMatrix& b) {
  QUIVER_CHECK(a.cols() == b.cols());
  return multiplied(CblasNoTrans, CblasTrans, a.rows(), b.rows(), a.cols(), a, b);
}
DoubleMatrix product_tn(const DoubleMatrix& a, const DoubleMatrix& b) {
  QUIVER_CHECK(a.rows() == b.rows());
  return multiplied(CblasTrans, CblasNoTrans, a.cols(), b.cols(), a.rows(), a, b);
}
void combine(DoubleMatrix& a, double scale_a, const DoubleMatrix& b, double scale_b) {
  QUIVER_CHECK(a.rows() == b.rows() && a.cols() == b.cols());
  for (std::size_t i = 0; i < a.values().size(); ++i) a.values()[i] = scale_a * a.values()[i] + scale_b * b.values()[i];
}
double inner(const DoubleMatrix& a, const DoubleMatrix& b) {
  QUIVER_CHECK(a.rows() == b.rows() && a.cols() == b.cols());
  return cblas_ddot(blas_int(a.values().size()), a.values().data(), 1, b.values().data(), 1);
}
double trace(const DoubleMatrix& a) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(a.rows(), a.cols()); ++i) sum += a.row(i)[i];
  return sum;
}

void SecondMoment::add(const DoubleMatrix& rows) {
  QUIVER_CHECK(rows.cols() == sum_.cols());
  count_ += rows.rows();
  if (rows.values().empty()) return;
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, blas_int(rows.cols()), blas_int(rows.rows()), 1,
              rows.values().data(), leading_of(rows), 1, sum_.values().data(), leading_of(sum_));
}
DoubleMatrix SecondMoment::mean() const {
  DoubleMatrix out(sum_.rows(), sum_.cols());
  const double scale = count_ > 0 ? 1 / static_cast<double>(count_) : 0;
  for (std::size_t i = 0; i < out.rows(); ++i) {
    for (std::size_t j = i; j < out.cols(); ++j) out.row(i)[j] = out.row(j)[i] = sum_.row(i)[j] * scale;
  }
  return out;
}

Result<DoubleEigen> top_eigen(const DoubleMatrix& a, std::size_t count) { return largest(a, count, true); }
Result<std::vector<double>> eigenvalues(const DoubleMatrix& a) {
  QUIVER_TRY(DoubleEigen found, largest(a, a.rows(), false));
  return std::move(found.values);
}

Result<DoubleMatrix> polar_factor(const DoubleMatrix& a) {
  QUIVER_TRY(const ThinSvd found, thin_svd(a, true));
  return product(found.u, found.vt);
}
Result<std::vector<double>> singular_values(const DoubleMatrix& a) {
  QUIVER_TRY(ThinSvd found, thin_svd(a, false));
  return std::move(found.s);
}

}  // namespace quiver
