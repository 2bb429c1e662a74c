#include "quiver/compress/lvq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::matrix_of;
using internal::space_of;
using testing::HasSubstr;

std::unique_ptr<Codes> encoded(unsigned bits, Metric metric, const Matrix& base) {
  return internal::encoded_by(lvq_coder(bits, space_of(base.cols(), metric)), base);
}

// Worked by hand: mean (1.1, 0, 2), residuals (-0.9, 0, -2) and (0.9, 0, 2), 15 steps from -2 to 0 and from 0 to 2.
TEST(Lvq, DecodesByTheFormula) {
  const Matrix base = matrix_of({{0.2F, 0, 0}, {2, 0, 4}});
  const auto codes = encoded(4, Metric::L2, base);
  Matrix back;
  const std::uint32_t both[] = {0, 1};
  codes->decode(both, back);
  const double step = 2.0 / 15;
  EXPECT_NEAR(back.row(0)[0], 1.1 - 2 + step * 8, 1e-6);
  EXPECT_FLOAT_EQ(back.row(0)[1], 0);
  EXPECT_FLOAT_EQ(back.row(0)[2], 0);
  EXPECT_NEAR(back.row(1)[0], 1.1 + step * 7, 1e-6);
  EXPECT_FLOAT_EQ(back.row(1)[2], 4);
}

TEST(Lvq, ConstantRowsAreExact) {
  const Matrix base = matrix_of({{5, 5, 5, 5}, {1, 1, 1, 1}, {0, 0, 0, 0}});
  for (const unsigned bits : {4U, 8U}) {
    const auto codes = encoded(bits, Metric::L2, base);
    Matrix back(3, 4);
    codes->decode_range(0, 3, back.data(), back.stride());
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_FLOAT_EQ(back.row(i)[j], base.row(i)[j]);
    }
  }
}

TEST(Lvq, AZeroRowKeepsCosineDistanceOne) {
  const Matrix base = matrix_of({{0, 0, 0}, {1, 2, 3}, {3, 2, 1}});
  const auto codes = encoded(8, Metric::Cosine, base);
  Matrix back(3, 3);
  codes->decode_range(0, 3, back.data(), back.stride());
  EXPECT_EQ(back.row(0)[0], 0);
  const Matrix query = matrix_of({{1, 0, 0}}), nothing = matrix_of({{0, 0, 0}});
  float distances[3];
  (*codes->scorer(query.view()))->score_range(0, 3, distances);
  EXPECT_EQ(distances[0], 1);
  (*codes->scorer(nothing.view()))->score_range(0, 3, distances);
  EXPECT_THAT(distances, testing::Each(1.0F));
}

TEST(Lvq, AnEqualQueryIsAtDistanceZeroOrBarelyAbove) {
  Matrix base(20, 64);
  Random random(3);
  for (std::size_t i = 0; i < 20; ++i) {
    for (float& x : base.row(i)) x = 100 + random.normal();
  }
  const auto codes = encoded(8, Metric::L2, base);
  Matrix back(20, 64);
  codes->decode_range(0, 20, back.data(), back.stride());
  for (std::uint32_t i = 0; i < 20; ++i) {
    float d = 0;
    (*codes->scorer(back.view().slice(i, 1)))->score({&i, 1}, &d);
    EXPECT_GE(d, 0) << "seed 3, row " << i;
    EXPECT_LT(d, 1e-3) << "seed 3, row " << i;  // the subtraction of the mean keeps cancellation small
  }
}

TEST(Lvq, RefusesWhatItCannotDo) {
  EXPECT_THAT(lvq_coder(6, space_of(4, Metric::L2)).error().message(), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(lvq_coder(8, space_of(4, Metric::Hamming)).error().message(), HasSubstr("hamming"));
  quiver::Run run({.threads = 1});
  const Matrix base = matrix_of({{1, 2}, {3, 4}}), huge = matrix_of({{1, 2}, {3e38F, -3e38F}});
  const auto quantizer = quantizer_of(*lvq_coder(8, space_of(2, Metric::L2)));
  EXPECT_THAT(quantizer->encode(base.view(), run).error().message(), HasSubstr("call fit first"));
  ASSERT_TRUE(quantizer->fit(base.view(), {}, run).has_value());
  EXPECT_THAT(quantizer->encode(huge.view(), run).error().message(), HasSubstr("row 1"));
  const Matrix longer(1, 3);
  EXPECT_THAT(quantizer->encode(longer.view(), run).error().message(), HasSubstr("3 dims"));
  run.cancel();
  EXPECT_EQ(quantizer->encode(base.view(), run).error().code(), Code::Cancelled);
  EXPECT_EQ(quantizer->fit(base.view(), {}, run).error().code(), Code::Cancelled);
}

TEST(Lvq, NothingEncodedIsNothing) {
  const auto codes = encoded(8, Metric::Dot, Matrix(0, 3));
  EXPECT_EQ(codes->rows(), 0U);
  EXPECT_EQ(codes->bytes(), 3 * sizeof(float));  // the mean
}

}  // namespace
}  // namespace quiver
