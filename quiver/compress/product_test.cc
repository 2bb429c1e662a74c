#include "quiver/compress/product.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/compress/internal/codebooks.h"
#include "quiver/compress/internal/rotation.h"
#include "quiver/compress/internal/testing.h"
#include "quiver/compress/kmeans.h"
#include "quiver/compress/residual.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::encoded_by;
using internal::matrix_of;
using internal::mean_error;
using internal::space_of;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 12;

// Normal rows whose variances fall, turned at random: what a rotation can help with.
Matrix turned_rows(std::size_t rows, std::size_t dims) {
  Matrix out(rows, dims);
  const internal::RandomRotation rotation(dims, kSeed);
  std::vector<float> row(dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(kSeed, i);
    for (std::size_t j = 0; j < dims; ++j) row[j] = random.normal() / static_cast<float>(1 + j);
    rotation.apply(row, out.row(i).data());
  }
  return out;
}

TEST(Product, AFewRowsDecodeExactly) {
  const Matrix base = matrix_of({{0.1F, 2, -3}, {4, 5.5F, 6}, {0.1F, 2, 1}});
  for (const unsigned bits : {4U, 8U}) {
    const auto codes = encoded_by(product_coder(2, bits, space_of(3, Metric::L2)), base);
    EXPECT_EQ(mean_error(*codes, base), 0);
    EXPECT_EQ(codes->bytes_per_row(), 4U);  // padded
    // By hand: |q - row|^2 for q = 0.
    float distances[3];
    const Matrix query(1, 3);
    (*codes->scorer(query.view()))->score_range(0, 3, distances);
    EXPECT_FLOAT_EQ(distances[1], 16 + 30.25F + 36);
  }
}

TEST(Product, MoreBytesAreNearer) {
  const Matrix base = turned_rows(3000, 24);
  const auto error = [&](unsigned parts, unsigned bits) {
    return mean_error(*encoded_by(product_coder(parts, bits, space_of(24, Metric::L2)), base), base);
  };
  EXPECT_LT(error(6, 8), 0.8 * error(3, 8)) << "seed " << kSeed;
  EXPECT_LT(error(6, 8), error(6, 4)) << "seed " << kSeed;
  EXPECT_LT(error(12, 4), error(6, 4)) << "seed " << kSeed;
}

TEST(Product, ARotationHelpsWhereVariancesDiffer) {
  const Matrix base = turned_rows(4000, 24);
  const double plain = mean_error(*encoded_by(product_coder(4, 8, space_of(24, Metric::L2)), base), base);
  const double turned = mean_error(*encoded_by(optimized_product_coder(4, 8, space_of(24, Metric::L2)), base), base);
  EXPECT_LT(turned, 0.8 * plain) << "seed " << kSeed;
}

TEST(Product, LearnsTheSameOnAnyThreads) {
  const Matrix base = turned_rows(1500, 10);
  const auto one = encoded_by(optimized_product_coder(3, 4, space_of(10, Metric::L2)), base, kSeed, 1);
  const auto three = encoded_by(product_coder(3, 4, space_of(10, Metric::L2)), base, kSeed, 3);
  const auto again = encoded_by(product_coder(3, 4, space_of(10, Metric::L2)), base, kSeed, 1);
  Matrix a(1500, 10), b(1500, 10);
  three->decode_range(0, 1500, a.data(), a.stride());
  again->decode_range(0, 1500, b.data(), b.stride());
  for (std::size_t i = 0; i < 1500; ++i) {
    for (std::size_t j = 0; j < 10; ++j) ASSERT_EQ(a.row(i)[j], b.row(i)[j]) << "seed " << kSeed;
  }
  EXPECT_LT(mean_error(*one, base), mean_error(*again, base));
}

TEST(Product, RefusesWhatItCannotDo) {
  EXPECT_THAT(product_coder(5, 8, space_of(4, Metric::L2)).error().message(), HasSubstr("1 to 4, such as pq(1)"));
  EXPECT_THAT(product_coder(2, 6, space_of(4, Metric::L2)).error().message(), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(optimized_product_coder(2, 8, space_of(4, Metric::Hamming)).error().message(), HasSubstr("hamming"));
  quiver::Run run({.threads = 1});
  run.cancel();
  const Matrix base = turned_rows(10, 4);
  for (const auto& coder :
       {product_coder(2, 8, space_of(4, Metric::L2)), optimized_product_coder(2, 8, space_of(4, Metric::L2))}) {
    EXPECT_EQ((*coder)->fit(base.view(), {}, run).error().code(), Code::Cancelled);
  }
}

TEST(Residual, AnotherStageIsNearer) {
  const Matrix base = turned_rows(3000, 16);
  double before = HUGE_VAL;
  for (const unsigned stages : {1U, 2U, 4U, 6U}) {
    const double error = mean_error(*encoded_by(residual_coder(stages, space_of(16, Metric::L2)), base), base);
    EXPECT_LT(error, 0.8 * before) << stages << " stages, seed " << kSeed;
    before = error;
  }
}

TEST(Residual, BeatsProductCodesAtEqualBytes) {
  const Matrix base = turned_rows(3000, 16);
  const double product = mean_error(*encoded_by(product_coder(4, 8, space_of(16, Metric::L2)), base), base);
  const double grouped = mean_error(*encoded_by(grouped_residual_coder(2, 2, space_of(16, Metric::L2)), base), base);
  const double residual = mean_error(*encoded_by(residual_coder(4, space_of(16, Metric::L2)), base), base);
  EXPECT_LT(residual, grouped) << "seed " << kSeed;
  EXPECT_LT(grouped, product) << "seed " << kSeed;
}

// The law of the family: one group is rq, one stage is pq, in every byte and every distance.
TEST(GroupedResidual, OneGroupIsResidualAndOneStageIsProduct) {
  const Matrix base = turned_rows(700, 13), query = turned_rows(1, 13);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const Space space = space_of(13, metric);
    const auto same = [&](const Codes& a, const Codes& b) {
      ASSERT_EQ(a.bytes(), b.bytes());
      Matrix left(700, 13), right(700, 13);
      a.decode_range(0, 700, left.data(), left.stride());
      b.decode_range(0, 700, right.data(), right.stride());
      std::vector<float> from_a(700), from_b(700);
      (*a.scorer(query.view()))->score_range(0, 700, from_a.data());
      (*b.scorer(query.view()))->score_range(0, 700, from_b.data());
      EXPECT_EQ(from_a, from_b) << name_of(metric);
      for (std::size_t i = 0; i < 700; ++i) {
        for (std::size_t j = 0; j < 13; ++j) ASSERT_EQ(left.row(i)[j], right.row(i)[j]) << name_of(metric);
      }
    };
    same(*encoded_by(grouped_residual_coder(1, 3, space), base), *encoded_by(residual_coder(3, space), base));
    same(*encoded_by(grouped_residual_coder(5, 1, space), base), *encoded_by(product_coder(5, 8, space), base));
  }
}

TEST(Residual, RefusesWhatItCannotDo) {
  EXPECT_THAT(residual_coder(0, space_of(4, Metric::L2)).error().message(), HasSubstr("there may be 1 to 64"));
  EXPECT_THAT(residual_coder(65, space_of(4, Metric::L2)).error().message(), HasSubstr("has 65 stages"));
  EXPECT_THAT(grouped_residual_coder(5, 2, space_of(4, Metric::L2)).error().message(), HasSubstr("into 5 groups"));
  EXPECT_THAT(residual_coder(2, space_of(4, Metric::Manhattan)).error().message(), HasSubstr("manhattan"));
}

TEST(CodebookCodes, AZeroRowKeepsCosineDistanceOne) {
  Matrix base = turned_rows(400, 6);
  for (float& x : base.row(5)) x = 0;
  const Matrix query = turned_rows(1, 6), nothing(1, 6);
  const auto codes = encoded_by(residual_coder(1, space_of(6, Metric::Cosine)), base);
  const std::uint32_t zero = 5;
  float distance = 0;
  (*codes->scorer(query.view()))->score({&zero, 1}, &distance);
  EXPECT_EQ(distance, 1);
  (*codes->scorer(nothing.view()))->score({&zero, 1}, &distance);
  EXPECT_EQ(distance, 1);
}

TEST(CodebookCodes, TooLongARowIsRefused) {
  quiver::Run run({.threads = 1});
  const Matrix base = matrix_of({{1, 2}, {3e38F, 3e38F}});
  const auto quantizer = quantizer_of(*residual_coder(1, space_of(2, Metric::L2)));
  ASSERT_TRUE(quantizer->fit(base.view().slice(0, 1), {}, run).has_value());
  EXPECT_THAT(quantizer->encode(base.view(), run).error().message(), HasSubstr("row 1 is so long"));
}

// The nearest centroid of what is left, stage after stage; returns what is left in the end.
double greedy_error(const internal::Codebooks& books, std::span<const float> row) {
  std::vector<float> left(row.begin(), row.end()), scratch(books.shape().centroids);
  double error = 0;
  for (std::size_t g = 0; g < books.shape().groups; ++g) {
    const std::span<float> part = std::span(left).subspan(books.shape().begin(g), books.shape().width(g));
    for (std::size_t s = 0; s < books.shape().stages; ++s) {
      const auto chosen = books.centroid(g, s, nearest_centroid(part, books.book(g, s), scratch));
      for (std::size_t j = 0; j < part.size(); ++j) part[j] -= chosen[j];
    }
    error -= distance(Metric::Dot, part, part);
  }
  return error;
}

TEST(Codebooks, ABeamIsNeverWorseThanTheNearestStageByStage) {
  quiver::Run run({.threads = 2});
  const Matrix base = turned_rows(600, 7);
  for (const std::size_t stages : {1U, 2U, 5U}) {
    const auto books = internal::Codebooks::learn({.dims = 7, .groups = 2, .stages = stages, .centroids = 16},
                                                  base.view(), kSeed, run);
    ASSERT_TRUE(books.has_value());
    EXPECT_EQ(books->values().size(), 16U * stages * 7);
    std::vector<float> scratch, decoded(7);
    std::vector<std::uint8_t> codes(2 * stages);
    double found = 0, greedy = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      books->encode(base.row(i), codes.data(), scratch);
      books->decode(codes.data(), decoded.data());
      const double error = distance(Metric::L2, base.row(i), decoded), one_by_one = greedy_error(*books, base.row(i));
      EXPECT_LE(error, one_by_one + 1e-6) << stages << " stages, row " << i << ", seed " << kSeed;
      found += error;
      greedy += one_by_one;
    }
    EXPECT_LE(found, (stages == 5 ? 0.95 : 1 + 1e-6) * greedy) << stages << " stages, seed " << kSeed;
  }
}

TEST(Rotation, KeepsLengthsAndComesBack) {
  for (const std::size_t dims : {1U, 2U, 3U, 7U, 64U, 100U, 784U}) {
    const internal::RandomRotation random(dims, kSeed);
    Matrix rows = turned_rows(2, dims), turned(2, dims), back(2, dims);
    for (std::size_t i = 0; i < 2; ++i) {
      random.apply(rows.row(i), turned.row(i).data());
      random.invert(turned.row(i), back.row(i).data());
      for (std::size_t j = 0; j < dims; ++j) EXPECT_NEAR(back.row(i)[j], rows.row(i)[j], 1e-5) << dims;
    }
    EXPECT_NEAR(-distance(Metric::Dot, turned.row(0), turned.row(1)), -distance(Metric::Dot, rows.row(0), rows.row(1)),
                1e-5)
        << dims;
  }
}

TEST(Rotation, SpreadsASingleCoordinateOverAll) {
  constexpr std::size_t kDims = 100;  // no power of two: the two overlapping blocks must have mixed
  const internal::RandomRotation random(kDims, kSeed);
  for (std::size_t j = 0; j < kDims; ++j) {
    std::vector<float> unit(kDims), out(kDims);
    unit[j] = 1;
    random.apply(unit, out.data());
    float largest = 0;
    for (const float x : out) largest = std::max(largest, std::abs(x));
    EXPECT_LT(largest, 0.5F) << "coordinate " << j << ", seed " << kSeed;
  }
}

TEST(Rotation, AMatrixIsAppliedAndInverted) {
  Matrix normal(20, 20);
  Random draw(kSeed);
  for (std::size_t i = 0; i < 20; ++i) {
    for (float& x : normal.row(i)) x = draw.normal();
  }
  auto orthonormal = qr(normal.view());
  ASSERT_TRUE(orthonormal.has_value());
  const internal::MatrixRotation rotation(std::move(orthonormal->q));
  EXPECT_LT(rotation.error(), 1e-4);
  const Matrix rows = turned_rows(1, 20);
  std::vector<float> turned(20), back(20);
  rotation.apply(rows.row(0), turned.data());
  rotation.invert(turned, back.data());
  EXPECT_NEAR(turned[3], -distance(Metric::Dot, rotation.matrix().row(3), rows.row(0)), 1e-6);
  for (std::size_t j = 0; j < 20; ++j) EXPECT_NEAR(back[j], rows.row(0)[j], 1e-5);
}

}  // namespace
}  // namespace quiver
