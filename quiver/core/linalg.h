// Dense linear algebra on OpenBLAS and LAPACK, float in and out. Row-major like every Matrix here.
//
//   gemm_nt(queries, base, out);               // out[i][j] = <queries_i, base_j>
//   QUIVER_TRY(Eigen e, symmetric_eigen(cov)); // values falling, vectors as rows
//
// BLAS threads are set per call by the guard BlasThreads: 1 inside our own workers (each computes its own block), the
// whole machine for one large product. Thread-safety: all functions may be called at once from several threads.
// Shapes that do not agree are the programmer's fault (QUIVER_CHECK); a decomposition that does not converge is an
// Error.
#pragma once
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"

namespace quiver {

// While it lives, BLAS uses `count` threads in this process. Nest freely; make it outside of worker threads.
class BlasThreads {
 public:
  explicit BlasThreads(unsigned count);
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  int before_;
};

// out = alpha * a * b + beta * out.      a: (m, k), b: (k, n), out: (m, n)
void gemm(MatrixView a, MatrixView b, Matrix& out, float alpha = 1, float beta = 0);
// The same into borrowed memory: row i at out + i * out_stride.
void gemm(MatrixView a, MatrixView b, float* out, std::size_t out_stride, float alpha = 1, float beta = 0);
// out = alpha * a * b^T + beta * out.    a: (m, k), b: (n, k), out: (m, n)
void gemm_nt(MatrixView a, MatrixView b, Matrix& out, float alpha = 1, float beta = 0);
// The same into borrowed memory: row i at out + i * out_stride.
void gemm_nt(MatrixView a, MatrixView b, float* out, std::size_t out_stride, float alpha = 1, float beta = 0);
// out = alpha * a^T * b + beta * out.    a: (k, m), b: (k, n), out: (m, n)
void gemm_tn(MatrixView a, MatrixView b, Matrix& out, float alpha = 1, float beta = 0);

std::vector<float> column_means(MatrixView rows);                  // double accumulation; zeros when empty
Matrix covariance(MatrixView rows, std::span<const float> means);  // (cols, cols), divided by rows
Matrix transposed(MatrixView a);

struct Eigen {
  std::vector<float> values;  // falling
  Matrix vectors;             // row i belongs to values[i]; orthonormal
};
Result<Eigen> symmetric_eigen(MatrixView a);  // LAPACK ssyevd; reads the upper triangle

struct Svd {
  Matrix u;              // (m, r) columns orthonormal
  std::vector<float> s;  // r = min(m, n), falling
  Matrix vt;             // (r, n) rows orthonormal
};
Result<Svd> svd(MatrixView a);  // thin, LAPACK sgesdd

struct Qr {
  Matrix q;  // (m, r) columns orthonormal
  Matrix r;  // (r, n) upper triangular, diagonal >= 0 (so Q is unique)
};
Result<Qr> qr(MatrixView a);  // thin, Householder

}  // namespace quiver
