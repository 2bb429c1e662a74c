#include "quiver/compress/kmeans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::matrix_of;

constexpr std::uint64_t kSeed = 20;  // of every draw below

// `count` rows around each of `centres` centres that are far apart.
Matrix blobs(std::size_t centres, std::size_t count, std::size_t dims, float offset = 0) {
  Matrix rows(centres * count, dims);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    Random random(kSeed, i);
    Random centre(kSeed + 1, i % centres);
    for (float& x : rows.row(i)) {
      x = offset + 10 * centre.normal();
      x += 0.1F * random.normal();
    }
  }
  return rows;
}

Kmeans fitted(const Matrix& rows, KmeansOptions options, unsigned threads = 1) {
  quiver::Run run({.threads = threads});
  auto learned = fit_kmeans(rows.view(), options, run);
  EXPECT_TRUE(learned.has_value());
  return *std::move(learned);
}

double mean_error(const Matrix& rows, const Matrix& centroids) {
  std::vector<float> scratch(centroids.rows());
  double sum = 0;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    sum += distance(Metric::L2, rows.row(i), centroids.row(nearest_centroid(rows.row(i), centroids.view(), scratch)));
  }
  return sum / static_cast<double>(rows.rows());
}

TEST(Kmeans, FindsGroupsThatAreThere) {
  for (const float offset : {0.0F, 1e4F}) {  // far from zero too
    const Matrix rows = blobs(12, 40, 7, offset);
    const Kmeans learned = fitted(rows, {.clusters = 12, .iterations = 30, .seed = kSeed});
    EXPECT_LT(mean_error(rows, learned.centroids), 7 * 0.011) << "seed " << kSeed << ", offset " << offset;
  }
}

TEST(Kmeans, LloydImprovesOnItsSeeds) {
  const Matrix rows = blobs(300, 5, 20);
  const Kmeans seeds = fitted(rows, {.clusters = 64, .iterations = 0, .seed = kSeed});
  const Kmeans learned = fitted(rows, {.clusters = 64, .seed = kSeed});
  EXPECT_LT(mean_error(rows, learned.centroids), 0.8 * mean_error(rows, seeds.centroids)) << "seed " << kSeed;
  EXPECT_EQ(seeds.iterations, 0U);
  EXPECT_GT(learned.iterations, 1U);
  EXPECT_LE(mean_error(rows, learned.centroids), learned.error * (1 + 1e-5));
}

TEST(Kmeans, DependsOnTheSeedAndNotOnThreads) {
  const Matrix rows = blobs(50, 100, 9);
  const Kmeans one = fitted(rows, {.clusters = 33, .sample_per_cluster = 64, .seed = kSeed}, 1);
  const Kmeans three = fitted(rows, {.clusters = 33, .sample_per_cluster = 64, .seed = kSeed}, 3);
  const Kmeans other = fitted(rows, {.clusters = 33, .sample_per_cluster = 64, .seed = kSeed + 1}, 1);
  bool differs = false;
  for (std::size_t c = 0; c < 33; ++c) {
    for (std::size_t j = 0; j < 9; ++j) {
      ASSERT_EQ(one.centroids.row(c)[j], three.centroids.row(c)[j]) << "seed " << kSeed;
      differs = differs || one.centroids.row(c)[j] != other.centroids.row(c)[j];
    }
  }
  EXPECT_TRUE(differs);
}

TEST(Kmeans, FewRowsAreTheirOwnCentroids) {
  const Matrix rows = matrix_of({{0.1F, 7}, {0.3F, -2}, {0.1F, 7}, {1e-3F, 5}});
  const Kmeans learned = fitted(rows, {.clusters = 8, .seed = kSeed});
  ASSERT_EQ(learned.centroids.rows(), 8U);
  EXPECT_EQ(mean_error(rows, learned.centroids), 0);
  std::set<float> firsts;
  for (std::size_t c = 0; c < 8; ++c) firsts.insert(learned.centroids.row(c)[0]);
  EXPECT_THAT(firsts, testing::ElementsAre(1e-3F, 0.1F, 0.3F));
}

TEST(Kmeans, EveryCentroidIsUsedWhereRowsSuffice) {
  // Two heaps of equal rows and a few strays: seeds drawn by distance alone would leave centroids without rows.
  Matrix rows(500, 2);
  for (std::size_t i = 0; i < 500; ++i) {
    rows.row(i)[0] = i % 2 == 0 ? -5.0F : 5.0F;
    if (i < 10) rows.row(i)[1] = static_cast<float>(i + 1) * 0.01F;
  }
  const Kmeans learned = fitted(rows, {.clusters = 12, .iterations = 50, .seed = kSeed});
  EXPECT_EQ(mean_error(rows, learned.centroids), 0) << "seed " << kSeed;
}

TEST(Kmeans, OneClusterIsTheMean) {
  const Matrix rows = matrix_of({{1, 2}, {3, 4}, {5, 9}});
  const Kmeans learned = fitted(rows, {.clusters = 1, .seed = kSeed});
  EXPECT_FLOAT_EQ(learned.centroids.row(0)[0], 3);
  EXPECT_FLOAT_EQ(learned.centroids.row(0)[1], 5);
}

TEST(Kmeans, NothingGivesZerosAndStopsStop) {
  EXPECT_EQ(fitted(Matrix(0, 3), {.clusters = 2}).centroids.row(1)[2], 0);
  quiver::Run run({.threads = 1});
  run.cancel();
  const Matrix rows = blobs(4, 10, 3);
  const auto learned = fit_kmeans(rows.view(), {.clusters = 2}, run);
  ASSERT_FALSE(learned.has_value());
  EXPECT_EQ(learned.error().code(), Code::Cancelled);
}

TEST(AssignToCentroids, AgreesWithTheKernel) {
  const Matrix rows = blobs(30, 70, 33), centroids = blobs(30, 2, 33);
  std::vector<std::uint32_t> nearest(rows.rows());
  std::vector<float> squared(rows.rows()), scratch(centroids.rows());
  Threads threads(2);
  assign_to_centroids(rows.view(), centroids.view(), nearest, squared, threads);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const std::size_t expected = nearest_centroid(rows.row(i), centroids.view(), scratch);
    const double least = distance(Metric::L2, rows.row(i), centroids.row(expected));
    EXPECT_NEAR(distance(Metric::L2, rows.row(i), centroids.row(nearest[i])), least, 1e-2);
    EXPECT_NEAR(squared[i], least, 1e-2);
  }
}

}  // namespace
}  // namespace quiver
