#include "quiver/inspect/intrinsic_dimension.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kLidSeed = 5;

// Uniform in a cube of `inner` dimensions, the other coordinates 0.
Matrix cube(std::size_t rows, std::size_t inner, std::size_t dims) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(kLidSeed, i);
    for (float& x : out.row(i).first(inner)) x = static_cast<float>(random.uniform()) - 0.5F;
  }
  return out;
}
Rows rows_in(Matrix matrix, Metric metric) {
  return Rows::dense(std::move(matrix), {.id = "", .dims = 0, .metric = metric, .prefix_of = "", .prefix_dims = 0});
}
IntrinsicDimension measured(const Rows& rows, const LidOptions& options) {
  quiver::Run run({.seed = kLidSeed, .threads = 2});
  auto id = intrinsic_dimension(rows, options, run);
  EXPECT_TRUE(id.has_value()) << id.error().message();
  return *std::move(id);
}

TEST(LidMle, IsTheFormula) {
  const double distances[] = {1, 2, 4};
  EXPECT_DOUBLE_EQ(lid_mle(distances), -3 / (std::log(0.25) + std::log(0.5)));
  const double with_zeros[] = {0, 0, 1, 2, 4};
  EXPECT_DOUBLE_EQ(lid_mle(with_zeros), lid_mle(distances));
  const double zeros[] = {0, 0, 1}, equal[] = {3, 3, 3};
  EXPECT_TRUE(std::isnan(lid_mle(zeros)));
  EXPECT_TRUE(std::isnan(lid_mle(equal)));
  EXPECT_TRUE(std::isnan(lid_mle({})));
}

TEST(LidMle, GrowsWithTheDimensionOfABall) {
  // k distances in a ball of dimension d: r = u^(1/d).
  for (const int dims : {1, 4, 20}) {
    Random random(kLidSeed, static_cast<std::uint64_t>(dims));
    std::vector<double> distances(4000);
    for (double& r : distances) r = std::pow(random.uniform(), 1.0 / dims);
    std::sort(distances.begin(), distances.end());
    EXPECT_NEAR(lid_mle(distances), dims, 0.06 * dims) << "seed " << kLidSeed;
  }
}

TEST(IntrinsicDimension, SeesTheSubspaceWhateverTheLengthOfVectors) {
  double before = 0;
  for (const std::size_t inner : {2U, 5U, 10U}) {
    const IntrinsicDimension id = measured(rows_in(cube(3000, inner, 24), Metric::L2), {.k = 50});
    EXPECT_NEAR(id.mean, static_cast<double>(inner), 0.2 * static_cast<double>(inner)) << "seed " << kLidSeed;
    EXPECT_LT(id.harmonic_mean, id.mean);
    EXPECT_GT(id.mean, before);
    EXPECT_TRUE(std::is_sorted(id.quantiles.begin(), id.quantiles.end()));
    EXPECT_EQ(id.undefined, 0U);
    EXPECT_EQ(id.points.size(), 3000U);
    before = id.mean;
  }
}

TEST(IntrinsicDimension, CosineLooksAtDirectionsOnly) {
  Matrix base = cube(1500, 4, 8);
  Matrix scaled = Matrix::copy_of(base.view());
  for (std::size_t i = 0; i < scaled.rows(); ++i) {
    for (float& x : scaled.row(i)) x *= static_cast<float>(1 + i % 7);
  }
  const IntrinsicDimension id = measured(rows_in(std::move(base), Metric::Cosine), {.k = 50});
  EXPECT_NEAR(id.mean, 3, 0.6) << "seed " << kLidSeed;  // directions of four dimensions are a sphere of three
  EXPECT_NEAR(measured(rows_in(std::move(scaled), Metric::Cosine), {.k = 50}).mean, id.mean, 1e-3);
}

TEST(IntrinsicDimension, EveryMetricAndASample) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Manhattan}) {
    const IntrinsicDimension id = measured(rows_in(cube(1500, 3, 6), metric), {.k = 40, .sample = 200});
    EXPECT_EQ(id.points.size(), 200U);
    EXPECT_EQ(id.lid.size(), 200U);
    EXPECT_TRUE(std::is_sorted(id.points.begin(), id.points.end()));
    EXPECT_NEAR(id.mean, 3, 0.75) << name_of(metric) << ", seed " << kLidSeed;
  }
}

TEST(IntrinsicDimension, DuplicatesAreLeftOutAndCounted) {
  Matrix pairs = cube(1500, 3, 3);
  for (std::size_t i = 0; i < 40; i += 2) std::ranges::copy(pairs.row(i + 1), pairs.row(i).begin());
  const IntrinsicDimension of_pairs = measured(rows_in(std::move(pairs), Metric::L2), {.k = 50});
  EXPECT_EQ(of_pairs.with_duplicates, 40U);
  EXPECT_EQ(of_pairs.undefined, 0U);
  EXPECT_NEAR(of_pairs.mean, 3, 0.6);

  Matrix pile = cube(600, 3, 3);  // more duplicates than neighbours asked for
  for (std::size_t i = 0; i < 100; ++i) std::ranges::copy(pile.row(599), pile.row(i).begin());
  const IntrinsicDimension of_pile = measured(rows_in(std::move(pile), Metric::L2), {.k = 50});
  EXPECT_EQ(of_pile.with_duplicates, 101U);
  EXPECT_GE(of_pile.undefined, 101U);
  EXPECT_LT(of_pile.undefined, 600U);
  EXPECT_TRUE(std::isnan(of_pile.lid[599]));
}

TEST(IntrinsicDimension, SaysWhatIsWrong) {
  quiver::Run run({.threads = 1});
  const auto message = [&](const Rows& rows, const LidOptions& options) {
    return intrinsic_dimension(rows, options, run).error().message();
  };
  EXPECT_THAT(message(rows_in(cube(50, 2, 2), Metric::L2), {.k = 50}), HasSubstr("take k from 1 to 49"));
  EXPECT_THAT(message(rows_in(cube(50, 2, 2), Metric::L2), {.k = 0}), HasSubstr("k = 0"));
  EXPECT_THAT(message(rows_in(Matrix(0, 2), Metric::L2), {.k = 1}), HasSubstr("of 0"));
  EXPECT_THAT(message(rows_in(Matrix(50, 2), Metric::L2), {.k = 5}), HasSubstr("undefined for all 50 points"));
  Matrix bad = cube(50, 2, 2);
  bad.row(3)[1] = NAN;
  EXPECT_THAT(message(rows_in(std::move(bad), Metric::L2), {.k = 5}), HasSubstr("NaN"));
  SparseRows sparse;
  sparse.dims = 3;
  for (int i = 0; i < 9; ++i) sparse.offsets.push_back(0);
  EXPECT_FALSE(
      intrinsic_dimension(*Rows::sparse(std::move(sparse), {.id = "", .dims = 3, .metric = Metric::Dot}), {.k = 5}, run)
          .has_value());
  run.cancel();
  EXPECT_EQ(intrinsic_dimension(rows_in(cube(50, 2, 2), Metric::L2), {.k = 5}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
