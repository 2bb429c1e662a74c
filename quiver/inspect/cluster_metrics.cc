#include "quiver/inspect/cluster_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "quiver/core/check.h"

namespace quiver {
namespace {
using Counts = std::map<std::uint32_t, double>;

double entropy_of(const Counts& counts, double total) {
  double entropy = 0;
  for (const auto& [unused, count] : counts) entropy -= count / total * std::log(count / total);
  return entropy;
}
double pairs_of(double n) { return n * (n - 1) / 2; }
double pairs_of(const Counts& counts) {
  double pairs = 0;
  for (const auto& [unused, count] : counts) pairs += pairs_of(count);
  return pairs;
}
}  // namespace

ClusterScores cluster_scores(std::span<const std::uint32_t> clusters, std::span<const std::uint32_t> labels) {
  QUIVER_CHECK(clusters.size() == labels.size());
  if (labels.empty()) return {1, 1, 1, 1, 1};
  const auto total = static_cast<double>(labels.size());
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> joint;  // (cluster, label)
  Counts by_cluster, by_label, most;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++joint[{clusters[i], labels[i]}];
    ++by_cluster[clusters[i]];
    ++by_label[labels[i]];
  }
  double shared = 0, together = 0, pure = 0;  // mutual information; pairs that both partitions keep together
  for (const auto& [cell, count] : joint) {
    shared += count / total * std::log(count * total / (by_cluster[cell.first] * by_label[cell.second]));
    together += pairs_of(count);
    most[cell.first] = std::max(most[cell.first], count);
  }
  for (const auto& [unused, count] : most) pure += count;

  const double label_entropy = entropy_of(by_label, total), cluster_entropy = entropy_of(by_cluster, total);
  ClusterScores scores;
  scores.homogeneity = label_entropy > 0 ? shared / label_entropy : 1;
  scores.completeness = cluster_entropy > 0 ? shared / cluster_entropy : 1;
  const double sum = scores.homogeneity + scores.completeness;
  scores.v_measure = sum > 0 ? 2 * scores.homogeneity * scores.completeness / sum : 0;
  scores.purity = pure / total;
  const double in_clusters = pairs_of(by_cluster), in_labels = pairs_of(by_label);
  const double expected = total > 1 ? in_clusters * in_labels / pairs_of(total) : 0;
  const double best = (in_clusters + in_labels) / 2;
  scores.adjusted_rand = best != expected ? (together - expected) / (best - expected) : 1;
  return scores;
}

}  // namespace quiver
