#include "quiver/core/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "quiver/core/random.h"

namespace quiver {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed = 7) {
  Matrix m(rows, cols);
  Random random(seed);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : m.row(i)) x = random.normal();
  }
  return m;
}

TEST(MatrixTest, RowsBeginOnCacheLinesAndAreZero) {
  for (const std::size_t cols : {1U, 15U, 16U, 17U, 100U, 784U}) {
    const Matrix m(5, cols);
    EXPECT_GE(m.stride(), cols);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(m.row(i).data()) % 64, 0U) << cols;
      for (const float x : m.row(i)) EXPECT_EQ(x, 0);
    }
  }
}
TEST(MatrixTest, EmptyShapesAreFine) {
  const Matrix none(0, 10);
  EXPECT_TRUE(none.view().empty());
  EXPECT_EQ(Matrix(3, 0).row(2).size(), 0U);
  EXPECT_EQ(Matrix::copy_of(MatrixView{}).rows(), 0U);
}
TEST(MatrixTest, ViewsShareMemory) {
  Matrix m = random_matrix(4, 6);
  const MatrixView part = m.view().slice(1, 2).prefix(3);
  EXPECT_EQ(part.rows, 2U);
  EXPECT_EQ(part.row(1).data(), m.row(2).data());
  EXPECT_EQ(part.row(0).size(), 3U);
}
TEST(MatrixTest, AbsurdSizesThrowInsteadOfWrapping) {
  EXPECT_THROW(Matrix(std::numeric_limits<std::size_t>::max() / 8, 1024), std::bad_alloc);
}
TEST(MatrixTest, ElementTypesRoundTrip) {
  const Matrix m = random_matrix(7, 33);
  for (const auto& [element, tolerance] :
       {std::pair{Element::F32, 0.0F}, {Element::F16, 1e-3F}, {Element::Bf16, 8e-3F}}) {
    auto stored = to_element(m.view(), element);
    ASSERT_TRUE(stored.has_value());
    const Matrix back = to_float(stored->view());
    for (std::size_t i = 0; i < m.rows(); ++i) {
      for (std::size_t j = 0; j < m.cols(); ++j) {
        EXPECT_NEAR(back.row(i)[j], m.row(i)[j], tolerance * std::abs(m.row(i)[j]) + tolerance * 1e-2F);
      }
    }
  }
}
TEST(MatrixTest, IntegersRoundAndRefuseWhatDoesNotFit) {
  Matrix m(2, 3);
  m.row(0)[1] = 12.4F;
  m.row(1)[2] = -3;
  EXPECT_EQ(to_float(to_element(m.view(), Element::I8)->view()).row(0)[1], 12);
  EXPECT_EQ(to_float(to_element(m.view(), Element::I8)->view()).row(1)[2], -3);
  const auto refused = to_element(m.view(), Element::U8);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message(),
            "converting to u8: row 1, column 2 holds -3, outside 0 .. 255; scale the rows first or keep f32");
}
TEST(MatrixTest, BitsAreSigns) {
  Matrix m(1, 11);
  m.row(0)[0] = 1;
  m.row(0)[10] = 0.5F;
  m.row(0)[3] = -1;
  auto bits = to_element(m.view(), Element::Bit);
  ASSERT_TRUE(bits.has_value());
  EXPECT_EQ(bits->view().bytes.cols, 2U);
  const Matrix back = to_float(bits->view());
  for (std::size_t j = 0; j < 11; ++j) EXPECT_EQ(back.row(0)[j], j == 0 || j == 10 ? 1 : 0) << j;
}
TEST(MatrixTest, FiniteCheckNamesRowAndColumn) {
  Matrix m = random_matrix(3, 5);
  EXPECT_TRUE(check_finite(m.view(), "reading x").has_value());
  m.row(2)[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(check_finite(m.view(), "reading x").error().message(),
            "reading x: row 2, column 4 is NaN; remove or repair that row");
  m.row(1)[0] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(check_finite(m.view(), "reading x").error().message(),
            "reading x: row 1, column 0 is -infinity; remove or repair that row");
}
TEST(MatrixTest, NormalizeKeepsZeroRows) {
  Matrix m = random_matrix(3, 9);
  for (float& x : m.row(1)) x = 0;
  EXPECT_EQ(normalize_rows(m), 1U);
  for (const std::size_t i : {0U, 2U}) {
    double squares = 0;
    for (const float x : m.row(i)) squares += static_cast<double>(x) * x;
    EXPECT_NEAR(squares, 1, 1e-6);
  }
  for (const float x : m.row(1)) EXPECT_EQ(x, 0);
}

}  // namespace
}  // namespace quiver
