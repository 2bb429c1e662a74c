#include "quiver/compress/rabitq.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::encoded_by;
using internal::mean_error;
using internal::space_of;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 31;
constexpr std::size_t kDims = 100;  // no power of two
constexpr std::size_t kRows = 600;

// Rows in a few groups with coordinates of very different size, far from zero: nothing that helps the quantizer.
Matrix uneven_rows(std::size_t rows, std::uint64_t stream = 0) {
  Matrix out(rows, kDims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(kSeed + stream, i), centre(kSeed, 1000 + i % 5);
    for (std::size_t j = 0; j < kDims; ++j) {
      const float spread = j % 10 == 0 ? 3.0F : 0.3F;
      out.row(i)[j] = 1 + spread * (centre.normal() + random.normal());
    }
  }
  return out;
}

double length_of(std::span<const float> v) { return std::sqrt(-distance(Metric::Dot, v, v)); }

struct Deviations {
  std::size_t within = 0, pairs = 0;
  double mean_square = 0;
};

// How far estimates are from the distances to the rows themselves, and how many are within the stated radius.
Deviations deviations(unsigned bits, Metric metric) {
  const Matrix base = uneven_rows(kRows), queries = uneven_rows(40, 1);
  Matrix rows = Matrix::copy_of(base.view());
  if (metric == Metric::Cosine) normalize_rows(rows);
  const std::vector<float> mean = column_means(rows.view());
  const auto codes = encoded_by(rabitq_coder(bits, space_of(kDims, metric)), base, kSeed);
  Matrix back(kRows, kDims);
  codes->decode_range(0, kRows, back.data(), back.stride());
  Deviations found;
  std::vector<float> estimates(kRows);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    (*codes->scorer(queries.view().slice(q, 1)))->score_range(0, kRows, estimates.data());
    const double query_length = metric == Metric::L2       ? std::sqrt(distance(Metric::L2, queries.row(q), mean))
                                : metric == Metric::Cosine ? 1
                                                           : length_of(queries.row(q));
    for (std::size_t i = 0; i < kRows; ++i) {
      const double off = estimates[i] - distance(metric, queries.row(q), base.row(i));
      const double coding_error = std::sqrt(distance(Metric::L2, rows.row(i), back.row(i)));
      found.within += std::abs(off) <= rabitq_radius(metric, kDims, query_length, coding_error) ? 1 : 0;
      found.mean_square += off * off;
      ++found.pairs;
    }
  }
  found.mean_square /= static_cast<double>(found.pairs);
  return found;
}

TEST(Rabitq, NinetyNineOfAHundredEstimatesAreWithinTheStatedBound) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const unsigned bits : {1U, 2U, 4U}) {
      const Deviations found = deviations(bits, metric);
      EXPECT_GE(static_cast<double>(found.within), 0.99 * static_cast<double>(found.pairs))
          << bits << " bits, " << name_of(metric) << ", seed " << kSeed;
    }
  }
}

TEST(Rabitq, ABitMoreHalvesTheError) {
  double before = HUGE_VAL;
  for (const unsigned bits : {1U, 2U, 4U, 8U}) {
    const double now = deviations(bits, Metric::L2).mean_square;
    EXPECT_LT(now, before / (bits == 2 ? 3 : 10)) << bits << " bits, seed " << kSeed;
    before = now;
  }
}

// Unbiased over rotations: the mean of many is far nearer the truth than one is.
TEST(Rabitq, EstimatesAreUnbiased) {
  const Matrix base = uneven_rows(20), query = uneven_rows(1, 1);
  constexpr std::size_t kRotations = 400;
  for (const unsigned bits : {1U, 2U}) {
    std::vector<double> sums(20), squares(20);
    for (std::size_t seed = 0; seed < kRotations; ++seed) {
      float estimates[20];
      const auto codes = encoded_by(rabitq_coder(bits, space_of(kDims, Metric::L2)), base, seed);
      (*codes->scorer(query.view()))->score_range(0, 20, estimates);
      for (std::size_t i = 0; i < 20; ++i) {
        const double off = estimates[i] - distance(Metric::L2, query.row(0), base.row(i));
        sums[i] += off;
        squares[i] += off * off;
      }
    }
    for (std::size_t i = 0; i < 20; ++i) {
      const double deviation = std::sqrt(squares[i] / kRotations);
      EXPECT_LT(std::abs(sums[i] / kRotations), 4.5 * deviation / std::sqrt(kRotations)) << bits << " bits, row " << i;
    }
  }
}

// decoded - x is orthogonal to x - mean; so the estimate is the distance to decoded less |x - decoded|^2.
TEST(Rabitq, TheCodingErrorIsOrthogonalAndTakenOff) {
  const Matrix base = uneven_rows(50), query = uneven_rows(1, 1);
  const std::vector<float> mean = column_means(base.view());
  const auto codes = encoded_by(rabitq_coder(1, space_of(kDims, Metric::L2)), base, kSeed);
  Matrix back(50, kDims);
  codes->decode_range(0, 50, back.data(), back.stride());
  float estimates[50];
  (*codes->scorer(query.view()))->score_range(0, 50, estimates);
  for (std::size_t i = 0; i < 50; ++i) {
    double product = 0, lengths = 0;
    for (std::size_t j = 0; j < kDims; ++j) {
      const double r = static_cast<double>(base.row(i)[j]) - mean[j];
      product += r * (static_cast<double>(back.row(i)[j]) - base.row(i)[j]);
      lengths += r * r;
    }
    EXPECT_LT(std::abs(product), 1e-4 * lengths) << "seed " << kSeed << ", row " << i;
    EXPECT_NEAR(estimates[i],
                distance(Metric::L2, query.row(0), back.row(i)) - distance(Metric::L2, base.row(i), back.row(i)),
                1e-3 * lengths);
  }
}

TEST(Rabitq, TheMeanItselfIsExact) {
  const Matrix base = internal::matrix_of({{2, 4, 6}, {2, 4, 6}});
  for (const unsigned bits : {1U, 2U, 4U, 8U}) {
    EXPECT_EQ(mean_error(*encoded_by(rabitq_coder(bits, space_of(3, Metric::L2)), base), base), 0) << bits;
  }
}

TEST(Rabitq, TheRadiusFollowsTheFormula) {
  EXPECT_DOUBLE_EQ(rabitq_radius(Metric::L2, 101, 2, 5), 2 * 3 * 2 * 5 / 10.0);
  EXPECT_DOUBLE_EQ(rabitq_radius(Metric::Dot, 101, 2, 5, 1.9), 1.9);
  EXPECT_DOUBLE_EQ(rabitq_radius(Metric::Dot, 1, 1, 1, 1), 1);
}

TEST(Rabitq, RefusesWhatItCannotDo) {
  EXPECT_THAT(rabitq_coder(3, space_of(4, Metric::L2)).error().message(), HasSubstr("1, 2, 4 or 8 bits"));
  EXPECT_THAT(rabitq_coder(1, space_of(4, Metric::Hamming)).error().message(), HasSubstr("hamming"));
}

}  // namespace
}  // namespace quiver
