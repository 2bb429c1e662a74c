// Clustering metrics: how well a partition of items agrees with their labels, whatever the clusters are called.
//
//   const ClusterScores scores = cluster_scores(clusters, labels);      // clusters: of k-means, say
//   scores.v_measure, scores.adjusted_rand, scores.purity
//
// With H the entropy in nats: homogeneity = 1 - H(label | cluster) / H(label), completeness = 1 - H(cluster | label) /
// H(cluster), each 1 where its divisor is 0; V-measure is their harmonic mean (Rosenberg and Hirschberg, EMNLP-CoNLL
// 2007), which is also mutual information over the mean of both entropies. Adjusted Rand index: Hubert and Arabie,
// Journal of Classification 2, 1985; 0 is chance, 1 the same partition. Purity: items of the most frequent label of
// their cluster. Thread-safety: a pure function. Cost: one pass and the pairs (cluster, label) that occur.
#pragma once
#include <cstdint>
#include <span>

namespace quiver {

struct ClusterScores {
  double homogeneity = 0, completeness = 0, v_measure = 0, adjusted_rand = 0, purity = 0;
};

// Requires: sizes that agree. No items: all is 1, since nothing is apart that belongs together.
ClusterScores cluster_scores(std::span<const std::uint32_t> clusters, std::span<const std::uint32_t> labels);

}  // namespace quiver
