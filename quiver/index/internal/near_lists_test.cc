#include "quiver/index/internal/near_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 5;

std::vector<std::vector<Hit>> gathered(const Matrix& points, std::size_t length, const NearOptions& options,
                                       unsigned threads = 2, std::uint64_t seed = kSeed) {
  quiver::Run run({.seed = seed, .threads = threads});
  NearLists near(points.view(), length);
  const auto done = near.gather(options, run);
  EXPECT_TRUE(done.has_value()) << done.error().message();
  std::vector<std::vector<Hit>> lists;
  for (std::size_t i = 0; i < points.rows(); ++i) lists.emplace_back(near.of(i).begin(), near.of(i).end());
  return lists;
}

// What holds of every list: in order, no row twice, never itself, distances that are those of the rows.
void expect_sound(const Matrix& points, const std::vector<std::vector<Hit>>& lists, std::size_t length) {
  for (std::size_t i = 0; i < lists.size(); ++i) {
    ASSERT_LE(lists[i].size(), length);
    ASSERT_TRUE(std::is_sorted(lists[i].begin(), lists[i].end(), closer)) << "row " << i;
    std::set<std::uint32_t> rows;
    for (const Hit& hit : lists[i]) {
      ASSERT_NE(hit.row, i);
      ASSERT_LT(hit.row, points.rows());
      ASSERT_TRUE(rows.insert(hit.row).second) << "row " << hit.row << " twice near row " << i;
      const double norms = squared_l2(points.row(i), std::vector<float>(points.cols())) +
                           squared_l2(points.row(hit.row), std::vector<float>(points.cols()));
      ASSERT_NEAR(static_cast<double>(hit.distance), squared_l2(points.row(i), points.row(hit.row)), 1e-5 * norms);
    }
  }
}

TEST(NearLists, FindMostOfTheNearestOfClusteredRows) {
  const Matrix points = clustered(2500, 24, kSeed);
  const auto lists = gathered(points, 32, {.leaf = 300, .fanout = 3, .rounds = 2});
  expect_sound(points, lists, 32);
  std::size_t found = 0, wanted = 0;
  for (std::size_t i = 0; i < points.rows(); i += 10) {
    TopK nearest(10);
    for (std::uint32_t j = 0; j < points.rows(); ++j) {
      if (j != i) nearest.offer({j, static_cast<float>(squared_l2(points.row(i), points.row(j)))});
    }
    for (const Hit& hit : nearest.sorted()) {
      ++wanted;
      found += std::any_of(lists[i].begin(), lists[i].end(), [&](const Hit& h) { return h.row == hit.row; }) ? 1 : 0;
    }
  }
  EXPECT_GE(static_cast<double>(found) / static_cast<double>(wanted), 0.9) << "seed " << kSeed;
}

TEST(NearLists, OneLeafIsExact) {
  for (const std::size_t rows : {1U, 2U, 3U, 33U, 300U}) {
    const Matrix points = clustered(rows, 7, kSeed);
    const auto lists = gathered(points, 8, {.leaf = 1000, .fanout = 3, .rounds = 1});
    expect_sound(points, lists, 8);
    for (std::size_t i = 0; i < rows; ++i) {
      std::vector<double> distances;
      for (std::size_t j = 0; j < rows; ++j) {
        if (j != i) distances.push_back(squared_l2(points.row(i), points.row(j)));
      }
      std::sort(distances.begin(), distances.end());
      ASSERT_EQ(lists[i].size(), std::min<std::size_t>(8, rows - 1));
      for (std::size_t r = 0; r < lists[i].size(); ++r) {
        ASSERT_NEAR(static_cast<double>(lists[i][r].distance), distances[r], 1e-4) << rows << " rows, row " << i;
      }
    }
  }
  EXPECT_TRUE(gathered(Matrix(0, 7), 8, {}).empty());
}

TEST(NearLists, IdenticalRowsAreNearEachOther) {
  const Matrix points = all_alike(700, 5, 3);
  const auto lists = gathered(points, 16, {.leaf = 100, .fanout = 3, .rounds = 2});
  expect_sound(points, lists, 16);
  for (const auto& list : lists) EXPECT_EQ(list.size(), 16U);

  // A few distinct rows, each many times: leaders of equal rows tie.
  Matrix few(900, 4);
  for (std::size_t i = 0; i < few.rows(); ++i) few.row(i)[i % 3] = static_cast<float>(1 + i % 3);
  const auto of_few = gathered(few, 16, {.leaf = 50, .fanout = 3, .rounds = 2});
  expect_sound(few, of_few, 16);
  for (std::size_t i = 0; i < few.rows(); ++i) {
    ASSERT_EQ(of_few[i].size(), 16U);
    EXPECT_NEAR(static_cast<double>(of_few[i].front().distance), 0, 1e-5);
  }
}

TEST(NearLists, DependOnTheSeedNotOnThreads) {
  const Matrix points = clustered(2000, 16, kSeed);
  const NearOptions options{.leaf = 200, .fanout = 2, .rounds = 1};
  const auto lists = gathered(points, 24, options, 1);
  EXPECT_EQ(lists, gathered(points, 24, options, 3));
  EXPECT_NE(lists, gathered(points, 24, options, 1, kSeed + 1));
}

TEST(NearLists, StopWhenCancelled) {
  const Matrix points = clustered(100, 4, kSeed);
  quiver::Run run({.threads = 1});
  run.cancel();
  NearLists near(points.view(), 8);
  EXPECT_EQ(near.gather({}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::internal
