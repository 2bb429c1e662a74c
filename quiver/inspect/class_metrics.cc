#include "quiver/inspect/class_metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/check.h"

namespace quiver {
namespace {
constexpr double kLeastProbability = 1e-12;
}  // namespace

std::vector<double> correct(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels) {
  QUIVER_CHECK(predicted.size() == labels.size());
  std::vector<double> right(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) right[i] = predicted[i] == labels[i] ? 1 : 0;
  return right;
}

std::vector<std::vector<std::uint64_t>> confusion(std::span<const std::uint32_t> predicted,
                                                  std::span<const std::uint32_t> labels, std::size_t classes) {
  QUIVER_CHECK(predicted.size() == labels.size());
  std::vector<std::vector<std::uint64_t>> counts(classes, std::vector<std::uint64_t>(classes, 0));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    QUIVER_CHECK(labels[i] < classes && predicted[i] < classes);
    ++counts[labels[i]][predicted[i]];
  }
  return counts;
}

double macro_f1(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels, std::size_t classes) {
  const auto counts = confusion(predicted, labels, classes);
  double sum = 0, present = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    std::uint64_t labelled = 0, guessed = 0;
    for (std::size_t other = 0; other < classes; ++other) {
      labelled += counts[c][other];
      guessed += counts[other][c];
    }
    if (labelled + guessed == 0) continue;
    sum += 2 * static_cast<double>(counts[c][c]) / static_cast<double>(labelled + guessed);
    ++present;
  }
  return present > 0 ? sum / present : 0;
}

std::vector<double> log_loss(MatrixView probabilities, std::span<const std::uint32_t> labels) {
  QUIVER_CHECK(probabilities.rows == labels.size());
  std::vector<double> loss(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    QUIVER_CHECK(labels[i] < probabilities.cols);
    const double p = static_cast<double>(probabilities.row(i)[labels[i]]);
    loss[i] = -std::log(std::clamp(p, kLeastProbability, 1.0));
  }
  return loss;
}

// By ranks: the sum of the positives' ranks says how many negatives stand below them.
double roc_auc(std::span<const double> scores, std::span<const std::uint8_t> positive) {
  QUIVER_CHECK(scores.size() == positive.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double positives = 0, ranks = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && scores[order[end]] == scores[order[i]]) ++end;
    const double rank = static_cast<double>(i + end + 1) / 2;  // of all that tie
    for (; i < end; ++i) {
      if (positive[order[i]] == 0) continue;
      ranks += rank;
      ++positives;
    }
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return 0.5;
  return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

}  // namespace quiver
