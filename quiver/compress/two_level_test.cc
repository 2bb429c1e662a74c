#include "quiver/compress/two_level.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/compress/internal/testing.h"
#include "quiver/compress/lvq.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::matrix_of;
using internal::mean_error;
using internal::space_of;
using testing::HasSubstr;

Matrix normal_rows(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = 3 + random.normal();
  }
  return out;
}

std::unique_ptr<Codes> two_levels(unsigned bits, unsigned finer_bits, Metric metric, const Matrix& base) {
  quiver::Run run({.threads = 2});
  auto quantizer = make_two_level_lvq(bits, finer_bits, space_of(base.cols(), metric));
  EXPECT_TRUE(quantizer.has_value());
  EXPECT_TRUE((*quantizer)->fit(base.view(), {}, run).has_value());
  auto codes = (*quantizer)->encode(base.view(), run);
  EXPECT_TRUE(codes.has_value()) << codes.error().message();
  return *std::move(codes);
}

std::vector<float> scan(const Codes& codes, const Matrix& query) {
  std::vector<float> out(codes.rows());
  (*codes.scorer(query.view()))->score_range(0, codes.rows(), out.data());
  return out;
}

constexpr Metric kScored[] = {Metric::L2, Metric::Dot, Metric::Cosine};

TEST(TwoLevel, TheFirstLevelIsLvqBitForBit) {
  const Matrix base = normal_rows(300, 67, 1), query = normal_rows(1, 67, 2);
  for (const Metric metric : kScored) {
    for (const unsigned bits : {4U, 8U}) {
      const auto codes = two_levels(bits, 8, metric, base);
      const auto alone = internal::encoded_by(lvq_coder(bits, space_of(67, metric)), base);
      const Codes* first = codes->first_level();
      ASSERT_NE(first, nullptr);
      EXPECT_EQ(first->spec(), alone->spec());
      EXPECT_EQ(scan(*first, query), scan(*alone, query)) << "seeds 1, 2";
      EXPECT_EQ(first->bytes_per_row(), alone->bytes_per_row());
      EXPECT_EQ(alone->first_level(), nullptr);
    }
  }
}

// Worked by hand: mean (1.1, 0, 2), first level (-2 + 2/15 c); residual 0 lies half a step above code 7's 0 - 2/30.
TEST(TwoLevel, DecodesByTheFormula) {
  const Matrix base = matrix_of({{0.2F, 0, 0}, {2, 0, 4}});
  const auto codes = two_levels(4, 4, Metric::L2, base);
  Matrix back(2, 3);
  codes->decode_range(0, 2, back.data(), back.stride());
  const double step = 2.0 / 15 / 15;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(back.row(i)[j], base.row(i)[j], step / 2 + 1e-6);
  }
}

TEST(TwoLevel, TheFinerLevelDividesTheErrorByItsLevels) {
  const Matrix base = normal_rows(400, 96, 3);
  const double four = mean_error(*internal::encoded_by(lvq_coder(4, space_of(96, Metric::L2)), base), base);
  const double four_four = mean_error(*two_levels(4, 4, Metric::L2, base), base);
  const double four_eight = mean_error(*two_levels(4, 8, Metric::L2, base), base);
  // A uniform error within a step: its square falls by the square of the levels, 15 and 255.
  EXPECT_NEAR(std::sqrt(four / four_four), 15, 1.5) << "seed 3";
  EXPECT_NEAR(std::sqrt(four / four_eight), 255, 25) << "seed 3";
}

TEST(TwoLevel, ConstantAndZeroRowsStayWhatTheyAre) {
  const Matrix base = matrix_of({{5, 5, 5}, {0, 0, 0}, {1, 2, 3}});
  for (const Metric metric : kScored) {
    const auto codes = two_levels(8, 8, metric, base);
    Matrix back(3, 3);
    codes->decode_range(0, 3, back.data(), back.stride());
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(back.row(i)[j], base.row(i)[j], 1e-4);
    }
    if (metric == Metric::Cosine) {
      EXPECT_EQ(scan(*codes, matrix_of({{1, 0, 0}}))[1], 1);
    }
  }
}

TEST(TwoLevel, LongListsScoreLikeScans) {
  const Matrix base = normal_rows(700, 5, 4), query = normal_rows(1, 5, 5);
  const auto codes = two_levels(4, 8, Metric::Cosine, base);
  const std::vector<float> all = scan(*codes, query);
  std::vector<std::uint32_t> rows(all.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::uint32_t>(rows.size() - 1 - i);
  std::vector<float> listed(rows.size());
  (*codes->scorer(query.view()))->score(rows, listed.data());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(listed[i], all[rows[i]]);
}

TEST(TwoLevel, GrowsAndShrinksOnBothLevels) {
  const Matrix base = normal_rows(50, 9, 6), query = normal_rows(1, 9, 7);
  const auto codes = two_levels(4, 4, Metric::L2, base);
  const std::size_t each = codes->bytes_per_row();
  const std::vector<float> before = scan(*codes, query);
  Matrix bad = normal_rows(3, 9, 8);
  bad.row(1)[0] = 3e38F;
  bad.row(1)[1] = -3e38F;
  EXPECT_THAT(codes->append(bad.view()).error().message(), HasSubstr("row 1"));
  EXPECT_EQ(codes->rows(), 50U);
  EXPECT_EQ(codes->first_level()->rows(), 50U);
  const Matrix more = normal_rows(20, 9, 9);
  ASSERT_TRUE(codes->append(more.view()).has_value());
  EXPECT_EQ(codes->bytes(), 70 * each + 9 * sizeof(float));
  codes->truncate(50);
  EXPECT_EQ(scan(*codes, query), before);
}

TEST(TwoLevel, RefusesWhatItCannotDo) {
  EXPECT_THAT(make_two_level_lvq(4, 6, space_of(4, Metric::L2)).error().message(), HasSubstr("write lvq(4,4)"));
  EXPECT_THAT(make_two_level_lvq(2, 8, space_of(4, Metric::L2)).error().message(), HasSubstr("lvq(2,8)"));
  EXPECT_THAT(make_two_level_lvq(4, 8, space_of(4, Metric::Manhattan)).error().message(), HasSubstr("manhattan"));
  quiver::Run run({.threads = 1});
  const Matrix base = matrix_of({{1, 2}, {3, 4}});
  const auto quantizer = *make_two_level_lvq(4, 8, space_of(2, Metric::L2));
  EXPECT_THAT(quantizer->encode(base.view(), run).error().message(), HasSubstr("call fit first"));
  ASSERT_TRUE(quantizer->fit(base.view(), {}, run).has_value());
  run.cancel();
  EXPECT_EQ(quantizer->encode(base.view(), run).error().code(), Code::Cancelled);
  EXPECT_EQ(quantizer->fit(base.view(), {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
