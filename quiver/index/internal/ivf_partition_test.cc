#include "quiver/index/internal/ivf_partition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 6;
constexpr std::size_t kLists = 25, kDims = 12;

struct Scenery {
  Matrix points = clustered(3000, kDims, kSeed);
  IvfPartition partition;
  std::vector<std::uint32_t> list_of, sizes;
  Scenery() : list_of(points.rows()), sizes(kLists) {
    quiver::Run run({.seed = kSeed, .threads = 2});
    partition = *IvfPartition::fit(points.view(), kLists, run);
    partition.assign(points.view(), list_of, run.threads());
    for (const std::uint32_t list : list_of) ++sizes[list];
  }
  // All lists by distance, by plain arithmetic.
  std::vector<Probe> by_hand(std::span<const float> query) const {
    std::vector<Probe> all;
    for (std::uint32_t l = 0; l < kLists; ++l) {
      all.push_back({l, static_cast<float>(squared_l2(query, partition.centre(l)))});
    }
    std::sort(all.begin(), all.end(), [](const Probe& a, const Probe& b) { return a.distance < b.distance; });
    return all;
  }
};

TEST(IvfPartition, RowsGoToTheNearestCentreAndListsAreOfASize) {
  const Scenery s;
  EXPECT_EQ(s.partition.lists(), kLists);
  EXPECT_EQ(s.partition.dims(), kDims);
  for (std::size_t i = 0; i < s.points.rows(); ++i) {
    const double own = squared_l2(s.points.row(i), s.partition.centre(s.list_of[i]));
    ASSERT_LE(own, static_cast<double>(s.by_hand(s.points.row(i)).front().distance) * (1 + 1e-4) + 1e-6);
  }
  // What a search for one of the rows reads in its list, against lists all alike: sum of squares.
  double squares = 0;
  for (const std::uint32_t size : s.sizes) squares += static_cast<double>(size) * size;
  EXPECT_LT(squares * kLists / (3000.0 * 3000.0), 2.0);
}

TEST(IvfPartition, ProbesByDistanceRowsAndNumber) {
  const Scenery s;
  const Matrix queries = clustered(50, kDims, kSeed, 1);
  IvfPartition::Scratch scratch;
  std::vector<Probe> probes;
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    const std::vector<Probe> all = s.by_hand(queries.row(q));
    const float* point = queries.row(q).data();
    for (const float slack : {1.0F, 1.3F, 2.0F, 1e5F}) {
      s.partition.choose(point, {.slack = slack, .least_rows = 0, .lists = 0}, s.sizes, scratch, probes);
      ASSERT_FALSE(probes.empty());
      for (std::size_t i = 0; i < probes.size(); ++i) {
        ASSERT_NEAR(probes[i].distance, all[i].distance, 1e-4F * all[i].distance);
      }
      if (probes.size() < kLists) {
        ASSERT_GT(all[probes.size()].distance, all[0].distance * slack * (1 - 1e-4F));
      }
      ASSERT_LE(probes.back().distance, all[0].distance * slack * (1 + 1e-4F));
    }
    for (const std::size_t least : {1U, 300U, 2999U, 3000U, 9000U}) {
      s.partition.choose(point, {.slack = 1, .least_rows = least, .lists = 0}, s.sizes, scratch, probes);
      std::size_t rows = 0;
      for (const Probe& probe : probes) rows += s.sizes[probe.list];
      ASSERT_TRUE(rows >= least || probes.size() == kLists);
      ASSERT_TRUE(probes.size() == 1 || rows - s.sizes[probes.back().list] < least) << "one list more than needed";
    }
    for (const std::size_t lists : {1U, 7U, 25U, 99U}) {
      s.partition.choose(point, {.slack = 1, .least_rows = 1, .lists = lists}, s.sizes, scratch, probes);
      ASSERT_EQ(probes.size(), std::min(lists, kLists));
    }
  }
  // At a centre, where every other is infinitely further in proportion.
  s.partition.choose(s.partition.centre(3).data(), {.slack = 4, .least_rows = 1, .lists = 0}, s.sizes, scratch, probes);
  EXPECT_EQ(probes.size(), 1U);
  EXPECT_EQ(probes.front().list, 3U);
  Matrix far(1, kDims);
  for (float& x : far.row(0)) x = 1e30F;
  s.partition.choose(far.row(0).data(), {.slack = 1, .least_rows = 1, .lists = 0}, s.sizes, scratch, probes);
  EXPECT_EQ(probes.size(), kLists) << "distances that overflow tell nothing apart";
}

TEST(IvfPartition, DependsOnTheSeedNotOnThreads) {
  const Matrix points = clustered(2000, kDims, kSeed);
  std::vector<IvfPartition> made;
  for (const unsigned threads : {1U, 3U}) {
    quiver::Run run({.seed = kSeed, .threads = threads});
    made.push_back(*IvfPartition::fit(points.view(), kLists, run));
  }
  for (std::size_t l = 0; l < kLists; ++l) {
    ASSERT_TRUE(std::equal(made[0].centre(l).begin(), made[0].centre(l).end(), made[1].centre(l).begin()));
  }
}

}  // namespace
}  // namespace quiver::internal
