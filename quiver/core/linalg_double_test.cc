#include "quiver/core/linalg_double.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;

DoubleMatrix random_doubles(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  DoubleMatrix out(rows, cols);
  Random random(seed);
  for (double& x : out.values()) x = random.normal();
  return out;
}
// The simple reference: three loops.
DoubleMatrix by_loops(const DoubleMatrix& a, const DoubleMatrix& b) {
  DoubleMatrix out(a.rows(), b.cols());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < b.cols(); ++j) {
      for (std::size_t k = 0; k < a.cols(); ++k) out.row(i)[j] += a.row(i)[k] * b.row(k)[j];
    }
  }
  return out;
}
DoubleMatrix flipped(const DoubleMatrix& a) {
  DoubleMatrix out(a.cols(), a.rows());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < a.cols(); ++j) out.row(j)[i] = a.row(i)[j];
  }
  return out;
}
double largest_difference(const DoubleMatrix& a, const DoubleMatrix& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.cols(), b.cols());
  double out = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i) out = std::max(out, std::abs(a.values()[i] - b.values()[i]));
  return out;
}

TEST(LinalgDouble, ProductsAgreeWithThreeLoops) {
  for (const auto& [m, n, k] : {std::array<std::size_t, 3>{1, 1, 1}, {3, 5, 7}, {17, 33, 65}, {0, 4, 4}, {4, 4, 0}}) {
    const DoubleMatrix a = random_doubles(m, k, 1), b = random_doubles(k, n, 2);
    const DoubleMatrix expected = by_loops(a, b);
    EXPECT_LT(largest_difference(product(a, b), expected), 1e-12);
    EXPECT_LT(largest_difference(product_nt(a, flipped(b)), expected), 1e-12);
    EXPECT_LT(largest_difference(product_tn(flipped(a), b), expected), 1e-12);
  }
}

TEST(LinalgDouble, CombineInnerAndTraceByHand) {
  DoubleMatrix a = DoubleMatrix::identity(2, 3), b(2, 3);
  for (std::size_t i = 0; i < 6; ++i) b.values()[i] = static_cast<double>(i);
  EXPECT_EQ(inner(a, b), 0 + 4);
  EXPECT_EQ(trace(b), 0 + 4);
  combine(a, 2, b, -1);
  EXPECT_THAT(a.values(), testing::ElementsAre(2, -1, -2, -3, -2, -5));
  combine(a, -1, a, 0);  // of itself
  EXPECT_THAT(a.values(), testing::ElementsAre(-2, 1, 2, 3, 2, 5));
  const Matrix floats = a.to_float();
  EXPECT_EQ(largest_difference(DoubleMatrix::copy_of(floats.view()), a), 0);
}

TEST(LinalgDouble, SecondMomentIsTheMeanOfOuterProductsInWhateverBlocks) {
  const DoubleMatrix rows = random_doubles(37, 9, 3);
  SecondMoment whole(9), parts(9);
  whole.add(rows);
  for (std::size_t begin = 0; begin < 37; begin += 10) {
    DoubleMatrix block(std::min<std::size_t>(10, 37 - begin), 9);
    std::ranges::copy(rows.values().subspan(begin * 9, block.values().size()), block.values().begin());
    parts.add(block);
  }
  parts.add(DoubleMatrix(0, 9));
  DoubleMatrix expected = by_loops(flipped(rows), rows);
  combine(expected, 1.0 / 37, expected, 0);
  EXPECT_LT(largest_difference(whole.mean(), expected), 1e-13);
  EXPECT_LT(largest_difference(parts.mean(), expected), 1e-13);
  EXPECT_EQ(parts.count(), 37U);
  EXPECT_EQ(trace(SecondMoment(4).mean()), 0);
}

TEST(LinalgDouble, TopEigenGivesTheLargestPairs) {
  const DoubleMatrix half = random_doubles(20, 12, 4);
  const DoubleMatrix k = by_loops(flipped(half), half);
  const auto values = eigenvalues(k);
  ASSERT_TRUE(values.has_value());
  ASSERT_EQ(values->size(), 12U);
  for (const std::size_t count : {0UL, 1UL, 5UL, 12UL}) {
    const auto top = top_eigen(k, count);
    ASSERT_TRUE(top.has_value());
    ASSERT_EQ(top->vectors.rows(), count);
    const DoubleMatrix mapped = by_loops(top->vectors, k);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(top->values[i], (*values)[i], 1e-10);
      for (std::size_t j = 0; j < 12; ++j) EXPECT_NEAR(mapped.row(i)[j], top->values[i] * top->vectors.row(i)[j], 1e-9);
    }
    EXPECT_LT(largest_difference(product_nt(top->vectors, top->vectors), DoubleMatrix::identity(count, count)), 1e-12);
  }
}

TEST(LinalgDouble, PolarFactorHasUnitSingularValuesAndTheLargestInnerProduct) {
  for (const auto& [m, n] : {std::array<std::size_t, 2>{5, 9}, {9, 5}, {1, 1}, {7, 7}}) {
    const DoubleMatrix a = random_doubles(m, n, 5);
    const auto factor = polar_factor(a);
    ASSERT_TRUE(factor.has_value());
    const auto ones = singular_values(*factor);
    const auto of_a = singular_values(a);
    ASSERT_TRUE(ones.has_value() && of_a.has_value());
    double sum = 0;
    for (const double s : *of_a) sum += s;
    for (const double s : *ones) EXPECT_NEAR(s, 1, 1e-12);
    EXPECT_NEAR(inner(*factor, a), sum, 1e-10);  // the nuclear norm
  }
  EXPECT_EQ(polar_factor(DoubleMatrix(0, 3))->rows(), 0U);
}

TEST(LinalgDouble, DecompositionsRefuseWhatIsNotFinite) {
  DoubleMatrix a = DoubleMatrix::identity(3, 3);
  a.row(1)[1] = NAN;
  for (const auto& error : {top_eigen(a, 2).error(), eigenvalues(a).error(), polar_factor(a).error()}) {
    EXPECT_EQ(error.code(), Code::InvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr("it holds NaN or infinite values"));
  }
}

}  // namespace
}  // namespace quiver
