#include "quiver/core/linalg.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix m(rows, cols);
  Random random(seed);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : m.row(i)) x = random.normal();
  }
  return m;
}
// The simple reference: three loops in double.
Matrix product(MatrixView a, MatrixView b) {
  Matrix out(a.rows, b.cols);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < b.cols; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < a.cols; ++k) sum += static_cast<double>(a.row(i)[k]) * b.row(k)[j];
      out.row(i)[j] = static_cast<float>(sum);
    }
  }
  return out;
}
void expect_near(MatrixView a, MatrixView b, float tolerance) {
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.cols, b.cols);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.cols; ++j) ASSERT_NEAR(a.row(i)[j], b.row(i)[j], tolerance) << i << "," << j;
  }
}

TEST(LinalgTest, ProductsAgreeWithThreeLoops) {
  for (const auto& [m, n, k] : {std::array<std::size_t, 3>{1, 1, 1}, {3, 5, 7}, {17, 33, 65}, {0, 4, 4}, {4, 4, 0}}) {
    const Matrix a = random_matrix(m, k, 1), b = random_matrix(k, n, 2);
    const Matrix expected = product(a.view(), b.view());
    Matrix out(m, n);
    gemm(a.view(), b.view(), out);
    expect_near(out.view(), expected.view(), 1e-4F);
    const Matrix bt = transposed(b.view()), at = transposed(a.view());
    Matrix wide(m, n + 3);  // a product into the middle of a wider matrix
    gemm(a.view(), b.view(), wide.data() + 1, wide.stride());
    expect_near({wide.data() + 1, m, n, wide.stride()}, expected.view(), 1e-4F);
    for (std::size_t i = 0; i < m; ++i) EXPECT_EQ(wide.row(i)[0] + wide.row(i)[n + 1] + wide.row(i)[n + 2], 0.0F);
    Matrix out2(m, n), out3(m, n);
    gemm_nt(a.view(), bt.view(), out2);
    expect_near(out2.view(), expected.view(), 1e-4F);
    gemm_tn(at.view(), b.view(), out3);
    expect_near(out3.view(), expected.view(), 1e-4F);
    gemm_tn(at.view(), b.view(), out3, 2, 1);
    Matrix tripled = Matrix::copy_of(expected.view());
    for (std::size_t i = 0; i < m; ++i) {
      for (float& x : tripled.row(i)) x *= 3;
    }
    expect_near(out3.view(), tripled.view(), 3e-4F);
  }
}
TEST(LinalgTest, EigenOfACovarianceRebuildsIt) {
  const Matrix rows = random_matrix(200, 12, 3);
  const std::vector<float> means = column_means(rows.view());
  const Matrix cov = covariance(rows.view(), means);
  auto eigen = symmetric_eigen(cov.view());
  ASSERT_TRUE(eigen.has_value());
  Matrix scaled = Matrix::copy_of(eigen->vectors.view());
  for (std::size_t i = 0; i < 12; ++i) {
    if (i > 0) {
      EXPECT_GE(eigen->values[i - 1], eigen->values[i]);
    }
    for (float& x : scaled.row(i)) x *= eigen->values[i];
  }
  Matrix back(12, 12);
  gemm_tn(eigen->vectors.view(), scaled.view(), back);
  expect_near(back.view(), cov.view(), 1e-4F);
}
TEST(LinalgTest, SvdRebuildsTallAndWide) {
  for (const auto& [m, n] : {std::pair<std::size_t, std::size_t>{9, 4}, {4, 9}, {1, 1}}) {
    const Matrix a = random_matrix(m, n, 4);
    auto d = svd(a.view());
    ASSERT_TRUE(d.has_value());
    Matrix us = Matrix::copy_of(d->u.view());
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < d->s.size(); ++j) us.row(i)[j] *= d->s[j];
    }
    const Matrix back = product(us.view(), d->vt.view());
    expect_near(back.view(), a.view(), 1e-4F);
  }
}
TEST(LinalgTest, QrIsOrthonormalUpperAndUnique) {
  for (const auto& [m, n] : {std::pair<std::size_t, std::size_t>{9, 4}, {4, 9}, {5, 5}}) {
    const Matrix a = random_matrix(m, n, 5);
    auto d = qr(a.view());
    ASSERT_TRUE(d.has_value());
    const Matrix back = product(d->q.view(), d->r.view());
    expect_near(back.view(), a.view(), 1e-4F);
    const Matrix qt = transposed(d->q.view());
    const Matrix identity = product(qt.view(), d->q.view());
    for (std::size_t i = 0; i < identity.rows(); ++i) {
      EXPECT_GE(d->r.row(i)[i], 0);
      for (std::size_t j = 0; j < identity.cols(); ++j) EXPECT_NEAR(identity.row(i)[j], i == j ? 1 : 0, 1e-5);
      for (std::size_t j = 0; j < i; ++j) EXPECT_EQ(d->r.row(i)[j], 0);
    }
  }
}
TEST(LinalgTest, NaNIsRefusedWithItsPlace) {
  Matrix a(2, 2);
  a.row(1)[0] = std::nanf("");
  EXPECT_EQ(symmetric_eigen(a.view()).error().message(),
            "decomposing a matrix: row 1, column 0 is NaN; remove or repair that row");
  EXPECT_FALSE(svd(a.view()).has_value());
  EXPECT_FALSE(qr(a.view()).has_value());
}

}  // namespace
}  // namespace quiver
