#include "quiver/inspect/cluster_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using Labels = std::vector<std::uint32_t>;

TEST(ClusterMetrics, TheSamePartitionIsPerfectWhateverItIsCalled) {
  const ClusterScores scores = cluster_scores(Labels{7, 7, 3, 3, 9}, Labels{0, 0, 1, 1, 2});
  for (const double score :
       {scores.homogeneity, scores.completeness, scores.v_measure, scores.adjusted_rand, scores.purity}) {
    EXPECT_NEAR(score, 1, 1e-12);
  }
}

TEST(ClusterMetrics, OneClusterIsCompleteAndOneAnItemIsHomogeneous) {
  const Labels labels{0, 0, 1, 1};
  const ClusterScores one = cluster_scores(Labels{5, 5, 5, 5}, labels);
  EXPECT_NEAR(one.homogeneity, 0, 1e-12);
  EXPECT_EQ(one.completeness, 1);
  EXPECT_NEAR(one.v_measure, 0, 1e-12);
  EXPECT_NEAR(one.adjusted_rand, 0, 1e-12);
  EXPECT_EQ(one.purity, 0.5);
  const ClusterScores each = cluster_scores(Labels{0, 1, 2, 3}, labels);
  EXPECT_NEAR(each.homogeneity, 1, 1e-12);
  EXPECT_NEAR(each.completeness, 0.5, 1e-12);
  EXPECT_NEAR(each.v_measure, 2.0 / 3, 1e-12);
  EXPECT_EQ(each.purity, 1);
}

// Worked by hand: clusters {a, a, b | b, b, a}. H(label) = ln 2, shared = ln 2 - H(1/3).
TEST(ClusterMetrics, AgreesWithTheArithmetic) {
  const ClusterScores scores = cluster_scores(Labels{0, 0, 0, 1, 1, 1}, Labels{0, 0, 1, 1, 1, 0});
  const double third = -(std::log(1.0 / 3) + 2 * std::log(2.0 / 3)) / 3;
  EXPECT_NEAR(scores.v_measure, 1 - third / std::log(2.0), 1e-12);
  EXPECT_NEAR(scores.purity, 4.0 / 6, 1e-12);
  EXPECT_NEAR(scores.adjusted_rand, (2 - 6 * 6 / 15.0) / (6 - 6 * 6 / 15.0), 1e-12);
}

TEST(ClusterMetrics, ChanceIsNearZeroWhenAdjusted) {
  Random random(11, 0);
  Labels clusters(3000), labels(3000);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    clusters[i] = static_cast<std::uint32_t>(random.below(8));
    labels[i] = static_cast<std::uint32_t>(random.below(5));
  }
  EXPECT_NEAR(cluster_scores(clusters, labels).adjusted_rand, 0, 0.01) << "seed 11";
}

TEST(ClusterMetrics, EdgeSizes) {
  EXPECT_EQ(cluster_scores(Labels{}, Labels{}).v_measure, 1);
  const ClusterScores one = cluster_scores(Labels{4}, Labels{2});
  EXPECT_EQ(one.v_measure, 1);
  EXPECT_EQ(one.adjusted_rand, 1);
}

}  // namespace
}  // namespace quiver
