#include "quiver/compress/binary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/top_k.h"

namespace quiver {
namespace {
using internal::encoded_by;
using internal::matrix_of;
using internal::mean_error;
using internal::space_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 8;

// Rows that depend on a few hidden numbers, so that coordinates go together and vary very differently.
Matrix hidden_rows(std::size_t rows, std::size_t dims, std::uint64_t stream = 0) {
  constexpr std::size_t kHidden = 12;
  Matrix mixing(dims, kHidden), out(rows, dims);
  Random random(kSeed, 999);
  for (std::size_t j = 0; j < dims; ++j) {
    for (std::size_t h = 0; h < kHidden; ++h) mixing.row(j)[h] = random.normal() / static_cast<float>(1 + h);
  }
  for (std::size_t i = 0; i < rows; ++i) {
    Random draw(kSeed + stream, i);
    float hidden[kHidden];
    for (float& h : hidden) h = draw.normal();
    for (std::size_t j = 0; j < dims; ++j) {
      float sum = 2 + 0.05F * draw.normal();
      for (std::size_t h = 0; h < kHidden; ++h) sum += mixing.row(j)[h] * hidden[h];
      out.row(i)[j] = sum;
    }
  }
  return out;
}

// The part of the 10 nearest rows that are among the 50 that the codes put first.
double found_of(Result<CoderPtr> coder, Metric metric) {
  const Matrix base = hidden_rows(2000, 32), queries = hidden_rows(50, 32, 1);
  const auto codes = encoded_by(std::move(coder), base, kSeed);
  std::vector<float> scores(2000);
  double found = 0;
  for (std::size_t q = 0; q < 50; ++q) {
    (*codes->scorer(queries.view().slice(q, 1)))->score_range(0, 2000, scores.data());
    TopK exact(10), coarse(50);
    for (std::uint32_t i = 0; i < 2000; ++i) {
      exact.offer({i, static_cast<float>(distance(metric, queries.row(q), base.row(i)))});
      coarse.offer({i, scores[i]});
    }
    const auto near = coarse.sorted();
    for (const Hit& hit : exact.sorted()) {
      found += std::any_of(near.begin(), near.end(), [&](const Hit& h) { return h.row == hit.row; }) ? 1 : 0;
    }
  }
  return found / 500;
}

// By hand: mean (1, 2), rows off it by (-1, -2), (1, -2), (0, 4); a = (1 + 2 + 1 + 2 + 0 + 4) / 6 = 5/3.
TEST(Binary, DistancesCountBits) {
  const Matrix base = matrix_of({{0, 0}, {2, 0}, {1, 6}}), query = matrix_of({{5, 5}});
  const auto codes = encoded_by(binary_coder(space_of(2, Metric::L2)), base);
  const float each = 4 * 25.0F / 9;
  float distances[3];
  (*codes->scorer(query.view()))->score_range(0, 3, distances);  // the query's bits: 1 1
  EXPECT_FLOAT_EQ(distances[0], 2 * each);
  EXPECT_FLOAT_EQ(distances[1], each);
  EXPECT_FLOAT_EQ(distances[2], each);  // 1 is not above the mean
  Matrix back(3, 2);
  codes->decode_range(0, 3, back.data(), back.stride());
  EXPECT_FLOAT_EQ(back.row(1)[0], 1 + 5.0F / 3);
  EXPECT_FLOAT_EQ(back.row(1)[1], 2 - 5.0F / 3);
  EXPECT_EQ(codes->bytes_per_row(), 4U);
}

TEST(Binary, ADistanceIsThatOfTheDecodedQuery) {
  const Matrix base = hidden_rows(300, 20), query = hidden_rows(1, 20, 1);
  for (const Metric metric : {Metric::L2, Metric::Dot}) {
    for (const auto& coder : {binary_coder(space_of(20, metric)), itq_coder(12, space_of(20, metric))}) {
      const auto codes = encoded_by(coder, base, kSeed);
      ASSERT_TRUE(codes->append(query.view()).has_value());
      Matrix back(301, 20);
      codes->decode_range(0, 301, back.data(), back.stride());
      std::vector<float> distances(301);
      (*codes->scorer(query.view()))->score_range(0, 301, distances.data());
      for (std::size_t i = 0; i < 301; ++i) {
        EXPECT_NEAR(distances[i], distance(metric, back.row(300), back.row(i)), 1e-3 * (1 + std::abs(distances[i])))
            << codes->spec() << " " << name_of(metric) << ", seed " << kSeed;
      }
    }
  }
}

TEST(Binary, ARowIsNoFurtherFromItsCodeThanFromTheMean) {
  const Matrix base = hidden_rows(500, 16);
  const std::vector<float> mean = column_means(base.view());
  double variance = 0;
  for (std::size_t i = 0; i < 500; ++i) variance += distance(Metric::L2, base.row(i), mean) / 500;
  const double plain = mean_error(*encoded_by(binary_coder(space_of(16, Metric::L2)), base, kSeed), base);
  const double turned = mean_error(*encoded_by(itq_coder({}, space_of(16, Metric::L2)), base, kSeed), base);
  EXPECT_LT(plain, variance);
  EXPECT_LT(turned, variance);
}

TEST(Binary, OrdersFarBetterThanChance) {
  for (const Metric metric : {Metric::L2, Metric::Cosine}) {
    // By chance 0.025 of the nearest would be among the first 50 of 2000.
    EXPECT_GT(found_of(binary_coder(space_of(32, metric)), metric), 0.4) << name_of(metric) << ", seed " << kSeed;
    EXPECT_GT(found_of(itq_coder({}, space_of(32, metric)), metric), 0.4) << name_of(metric) << ", seed " << kSeed;
  }
}

TEST(Itq, OrdersBetterThanPlainSignsWhereVariancesDiffer) {
  const double plain = found_of(binary_coder(space_of(32, Metric::L2)), Metric::L2);
  EXPECT_GT(found_of(itq_coder({}, space_of(32, Metric::L2)), Metric::L2), plain) << "seed " << kSeed;
}

TEST(Itq, FewerBitsAreFewerBytes) {
  const Matrix base = hidden_rows(200, 32);
  EXPECT_EQ(encoded_by(itq_coder(9, space_of(32, Metric::L2)), base)->bytes_per_row(), 4U);
  EXPECT_EQ(encoded_by(itq_coder(9, space_of(32, Metric::L2)), base)->spec(), "itq(9)");
}

TEST(Binary, AZeroQueryIsAtCosineDistanceOne) {
  const Matrix base = hidden_rows(20, 5), nothing(1, 5);
  const auto codes = encoded_by(binary_coder(space_of(5, Metric::Cosine)), base);
  float distances[20];
  const auto scorer = codes->scorer(nothing.view());
  (*scorer)->score_range(0, 20, distances);
  EXPECT_THAT(distances, testing::Each(1.0F));
  EXPECT_EQ((*scorer)->error_bound(0.5, 2), 0);
}

TEST(Binary, RefusesWhatItCannotDo) {
  EXPECT_THAT(binary_coder(space_of(4, Metric::Manhattan)).error().message(), HasSubstr("manhattan"));
  EXPECT_THAT(itq_coder(5, space_of(4, Metric::L2)).error().message(), HasSubstr("5 bits of 4 dims"));
  EXPECT_THAT(itq_coder(0, space_of(4, Metric::L2)).error().message(), HasSubstr("ask for 1 to 4"));
  quiver::Run run({.threads = 1});
  run.cancel();
  const Matrix base = hidden_rows(10, 4);
  EXPECT_EQ((*itq_coder(2, space_of(4, Metric::L2)))->fit(base.view(), {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
