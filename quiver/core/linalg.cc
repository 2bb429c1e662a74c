#include "quiver/core/linalg.h"

#include <cblas.h>
#include <fmt/format.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>

namespace quiver {
namespace {
int as_int(std::size_t n) {
  QUIVER_CHECK(n <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(n);
}
// BLAS wants a leading dimension of at least 1 even for an empty matrix.
int leading(std::size_t stride) { return as_int(std::max<std::size_t>(stride, 1)); }

void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, std::size_t m, std::size_t n, std::size_t k, MatrixView a,
              MatrixView b, float* out, std::size_t out_stride, float alpha, float beta) {
  if (m == 0 || n == 0) return;
  cblas_sgemm(CblasRowMajor, ta, tb, as_int(m), as_int(n), as_int(k), alpha, a.data, leading(a.stride), b.data,
              leading(b.stride), beta, out, leading(out_stride));
}
Error lapack_failed(const char* routine, lapack_int info) {
  return Error::internal(
      fmt::format("{} did not converge (info {}); the input may hold NaN or infinite values", routine, info));
}
// LAPACK routines overwrite tightly packed input.
std::vector<float> packed(MatrixView a) {
  std::vector<float> out(a.rows * a.cols);
  for (std::size_t i = 0; i < a.rows; ++i) std::copy_n(a.row(i).data(), a.cols, out.data() + i * a.cols);
  return out;
}
Matrix unpacked(const float* data, std::size_t rows, std::size_t cols, std::size_t stride) {
  return Matrix::copy_of({data, rows, cols, stride});
}
}  // namespace

BlasThreads::BlasThreads(unsigned count) : before_(openblas_get_num_threads()) {
  openblas_set_num_threads(static_cast<int>(std::max(1U, count)));
}
BlasThreads::~BlasThreads() { openblas_set_num_threads(before_); }

void gemm(MatrixView a, MatrixView b, Matrix& out, float alpha, float beta) {
  QUIVER_CHECK(out.rows() == a.rows && out.cols() == b.cols);
  gemm(a, b, out.data(), out.stride(), alpha, beta);
}
void gemm(MatrixView a, MatrixView b, float* out, std::size_t out_stride, float alpha, float beta) {
  QUIVER_CHECK(a.cols == b.rows && out_stride >= b.cols);
  multiply(CblasNoTrans, CblasNoTrans, a.rows, b.cols, a.cols, a, b, out, out_stride, alpha, beta);
}
void gemm_nt(MatrixView a, MatrixView b, Matrix& out, float alpha, float beta) {
  QUIVER_CHECK(out.rows() == a.rows && out.cols() == b.rows);
  gemm_nt(a, b, out.data(), out.stride(), alpha, beta);
}
void gemm_nt(MatrixView a, MatrixView b, float* out, std::size_t out_stride, float alpha, float beta) {
  QUIVER_CHECK(a.cols == b.cols && out_stride >= b.rows);
  multiply(CblasNoTrans, CblasTrans, a.rows, b.rows, a.cols, a, b, out, out_stride, alpha, beta);
}
void gemm_tn(MatrixView a, MatrixView b, Matrix& out, float alpha, float beta) {
  QUIVER_CHECK(a.rows == b.rows && out.rows() == a.cols && out.cols() == b.cols);
  multiply(CblasTrans, CblasNoTrans, a.cols, b.cols, a.rows, a, b, out.data(), out.stride(), alpha, beta);
}

std::vector<float> column_means(MatrixView rows) {
  std::vector<double> sums(rows.cols, 0.0);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.cols; ++j) sums[j] += rows.row(i)[j];
  }
  std::vector<float> means(rows.cols, 0.0F);
  for (std::size_t j = 0; j < rows.cols && rows.rows > 0; ++j)
    means[j] = static_cast<float>(sums[j] / static_cast<double>(rows.rows));
  return means;
}

Matrix covariance(MatrixView rows, std::span<const float> means) {
  QUIVER_CHECK(means.size() == rows.cols);
  constexpr std::size_t kBlock = 4096;  // centred rows at a time: bounded memory, still large products
  Matrix out(rows.cols, rows.cols);
  for (std::size_t begin = 0; begin < rows.rows; begin += kBlock) {
    Matrix centred = Matrix::copy_of(rows.slice(begin, std::min(kBlock, rows.rows - begin)));
    for (std::size_t i = 0; i < centred.rows(); ++i) {
      for (std::size_t j = 0; j < centred.cols(); ++j) centred.row(i)[j] -= means[j];
    }
    gemm_tn(centred.view(), centred.view(), out, 1.0F / static_cast<float>(rows.rows), 1);
  }
  return out;
}

Matrix transposed(MatrixView a) {
  Matrix out(a.cols, a.rows);
  constexpr std::size_t kTile = 16;
  for (std::size_t i0 = 0; i0 < a.rows; i0 += kTile) {
    for (std::size_t j0 = 0; j0 < a.cols; j0 += kTile) {
      for (std::size_t i = i0; i < std::min(a.rows, i0 + kTile); ++i) {
        for (std::size_t j = j0; j < std::min(a.cols, j0 + kTile); ++j) out.row(j)[i] = a.row(i)[j];
      }
    }
  }
  return out;
}

Result<Eigen> symmetric_eigen(MatrixView a) {
  QUIVER_CHECK(a.rows == a.cols);
  QUIVER_TRY(check_finite(a, "decomposing a matrix"));
  const std::size_t n = a.rows;
  Eigen out{std::vector<float>(n), Matrix(n, n)};
  if (n == 0) return out;
  std::vector<float> work = packed(a), rising(n);
  const lapack_int info = LAPACKE_ssyevd(LAPACK_ROW_MAJOR, 'V', 'U', as_int(n), work.data(), as_int(n), rising.data());
  if (info != 0) return lapack_failed("the symmetric eigen decomposition", info);
  for (std::size_t i = 0; i < n; ++i) {  // LAPACK gives rising values and vectors as columns
    out.values[i] = rising[n - 1 - i];
    for (std::size_t j = 0; j < n; ++j) out.vectors.row(i)[j] = work[j * n + (n - 1 - i)];
  }
  return out;
}

Result<Svd> svd(MatrixView a) {
  QUIVER_TRY(check_finite(a, "decomposing a matrix"));
  const std::size_t r = std::min(a.rows, a.cols);
  Svd out{Matrix(a.rows, r), std::vector<float>(r), Matrix(r, a.cols)};
  if (r == 0) return out;
  std::vector<float> work = packed(a), u(a.rows * r), vt(r * a.cols);
  const lapack_int info = LAPACKE_sgesdd(LAPACK_ROW_MAJOR, 'S', as_int(a.rows), as_int(a.cols), work.data(),
                                         as_int(a.cols), out.s.data(), u.data(), as_int(r), vt.data(), as_int(a.cols));
  if (info != 0) return lapack_failed("the singular value decomposition", info);
  out.u = unpacked(u.data(), a.rows, r, r);
  out.vt = unpacked(vt.data(), r, a.cols, a.cols);
  return out;
}

Result<Qr> qr(MatrixView a) {
  QUIVER_TRY(check_finite(a, "decomposing a matrix"));
  const std::size_t m = a.rows, n = a.cols, r = std::min(m, n);
  Qr out{Matrix(m, r), Matrix(r, n)};
  if (r == 0) return out;
  std::vector<float> work = packed(a), tau(r);
  lapack_int info = LAPACKE_sgeqrf(LAPACK_ROW_MAJOR, as_int(m), as_int(n), work.data(), as_int(n), tau.data());
  if (info != 0) return lapack_failed("the QR decomposition", info);
  for (std::size_t i = 0; i < r; ++i)
    std::copy(work.data() + i * n + i, work.data() + (i + 1) * n, out.r.row(i).data() + i);
  info = LAPACKE_sorgqr(LAPACK_ROW_MAJOR, as_int(m), as_int(r), as_int(r), work.data(), as_int(n), tau.data());
  if (info != 0) return lapack_failed("the QR decomposition", info);
  out.q = unpacked(work.data(), m, r, n);
  for (std::size_t i = 0; i < r; ++i) {  // a unique answer: the diagonal of R is not negative
    if (out.r.row(i)[i] >= 0) continue;
    for (float& x : out.r.row(i)) x = -x;
    for (std::size_t j = 0; j < m; ++j) out.q.row(j)[i] = -out.q.row(j)[i];
  }
  return out;
}

}  // namespace quiver
