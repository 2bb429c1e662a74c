#include "quiver/inspect/layout_2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {

// Twenty clusters in 40 dimensions, which no plane can hold apart.
Matrix clusters(std::size_t rows, std::uint64_t seed) {
  Matrix out(rows, 40);
  for (std::size_t i = 0; i < rows; ++i) {
    Random centre(seed, i % 20), random(seed + 1, i);
    for (float& x : out.row(i)) x = 2 * centre.normal() + random.normal();
  }
  return out;
}

Matrix principal_plane(MatrixView vectors) {
  const std::vector<float> mean = column_means(vectors);
  const Matrix spread = covariance(vectors, mean);
  const auto directions = symmetric_eigen(spread.view());
  EXPECT_TRUE(directions.has_value());
  Matrix points(vectors.rows, 2);
  gemm_nt(vectors, directions->vectors.view().slice(0, 2), points);
  return points;
}

TEST(Layout2d, KeepsMoreNeighboursThanPrincipalComponents) {
  const Matrix vectors = clusters(1000, 3);
  quiver::Run run({.threads = 2});
  const auto points = layout_2d(vectors.view(), Metric::L2, {.seed = 3, .epochs = 100}, run);
  ASSERT_TRUE(points.has_value()) << points.error().message();
  const Matrix plane = principal_plane(vectors.view());
  const auto kept = neighbours_kept(vectors.view(), Metric::L2, points->view(), 15, run);
  const auto of_plane = neighbours_kept(vectors.view(), Metric::L2, plane.view(), 15, run);
  ASSERT_TRUE(kept.has_value() && of_plane.has_value());
  EXPECT_GT(*kept, 1.4 * *of_plane) << "kept " << *kept << ", by principal components " << *of_plane << ", seed 3";
  EXPECT_GT(*kept, 0.3);
}

TEST(Layout2d, IsTheSameForASeedAndAnyThreads) {
  const Matrix vectors = clusters(120, 4);
  quiver::Run one({.threads = 1}), three({.threads = 3});
  const auto a = layout_2d(vectors.view(), Metric::Cosine, {.seed = 9, .epochs = 20}, one);
  const auto b = layout_2d(vectors.view(), Metric::Cosine, {.seed = 9, .epochs = 20}, three);
  ASSERT_TRUE(a.has_value() && b.has_value());
  for (std::size_t i = 0; i < 120; ++i) EXPECT_TRUE(std::ranges::equal(a->row(i), b->row(i))) << "row " << i;
}

TEST(Layout2d, HandlesFewAndEqualRows) {
  quiver::Run run({.threads = 1});
  for (const std::size_t rows : {0U, 1U, 2U, 3U, 40U}) {
    Matrix vectors(rows, 3);  // zeros: all alike
    const auto points = layout_2d(vectors.view(), Metric::Cosine, {.epochs = 10}, run);
    ASSERT_TRUE(points.has_value()) << points.error().message();
    EXPECT_EQ(points->rows(), rows);
    EXPECT_TRUE(check_finite(points->view(), "the map").has_value());
  }
  Matrix line(30, 1);
  for (std::size_t i = 0; i < 30; ++i) line.row(i)[0] = static_cast<float>(i);
  EXPECT_TRUE(layout_2d(line.view(), Metric::L2, {.epochs = 10}, run).has_value());
}

TEST(Layout2d, SaysWhatIsWrong) {
  quiver::Run run({.threads = 1});
  Matrix vectors = clusters(30, 5);
  vectors.row(4)[2] = NAN;
  EXPECT_THAT(layout_2d(vectors.view(), Metric::L2, {}, run).error().message(), testing::HasSubstr("row 4, column 2"));
  vectors.row(4)[2] = 0;
  run.cancel();
  EXPECT_EQ(layout_2d(vectors.view(), Metric::L2, {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
