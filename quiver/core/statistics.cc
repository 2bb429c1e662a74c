#include "quiver/core/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "quiver/core/check.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
std::vector<double> differences(std::span<const double> a, std::span<const double> b) {
  QUIVER_CHECK(a.size() == b.size());
  std::vector<double> d(a.size());
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = a[i] - b[i];
  return d;
}
// Ranks from 0, ties averaged, of a sample in which item i stands counts[i] times. The order of the values is that of
// the items, so a resample costs no sort.
class Ranking {
 public:
  explicit Ranking(std::span<const double> values) : values_(values), order_(values.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  }
  void ranks(std::span<const double> counts, std::span<double> out) const {
    double below = 0;
    for (std::size_t i = 0; i < order_.size();) {
      double tied = 0;
      std::size_t j = i;
      for (; j < order_.size() && values_[order_[j]] == values_[order_[i]]; ++j) tied += counts[order_[j]];
      const double rank = below + (tied - 1) / 2;
      for (; i < j; ++i) out[order_[i]] = rank;
      below += tied;
    }
  }

 private:
  std::span<const double> values_;
  std::vector<std::size_t> order_;
};

// Pearson's correlation of items that count weight(i) times each.
template <class Weight>
double correlation(std::span<const double> a, std::span<const double> b, Weight weight) noexcept {
  double total = 0, mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    total += weight(i);
    mean_a += weight(i) * a[i];
    mean_b += weight(i) * b[i];
  }
  mean_a /= std::max(total, 1.0);
  mean_b /= std::max(total, 1.0);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += weight(i) * (a[i] - mean_a) * (b[i] - mean_b);
    aa += weight(i) * (a[i] - mean_a) * (a[i] - mean_a);
    bb += weight(i) * (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}
}  // namespace

double mean_of(std::span<const double> values) noexcept {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}
double variance_of(std::span<const double> values) noexcept {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return squares / static_cast<double>(values.size() - 1);
}
double quantile_of(std::vector<double> values, double q) noexcept {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double at = std::clamp(q, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  const double mean = mean_of(values);
  if (values.size() < 2) return {mean, mean, mean};
  std::vector<double> means(options.resamples);
  for (std::uint32_t r = 0; r < options.resamples; ++r) {
    Random random(options.seed, r);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    means[r] = sum / static_cast<double>(values.size());
  }
  const double tail = (1 - options.level) / 2;
  return {mean, quantile_of(means, tail), quantile_of(means, 1 - tail)};
}
Interval paired_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  return bootstrap_mean(differences(a, b), options);
}
double paired_permutation_p(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  const std::vector<double> d = differences(a, b);
  const double observed = std::abs(mean_of(d));
  std::uint32_t as_extreme = 0;
  for (std::uint32_t r = 0; r < options.resamples; ++r) {
    Random random(options.seed, r);
    double sum = 0;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (i % 32 == 0) bits = random.u32();
      sum += (bits & 1U) != 0 ? d[i] : -d[i];
      bits >>= 1;
    }
    // The tolerance lets a sign pattern equal to the observed one count, whatever order the sum was taken in.
    if (std::abs(sum) / static_cast<double>(std::max<std::size_t>(d.size(), 1)) >= observed * (1 - 1e-12)) ++as_extreme;
  }
  return (as_extreme + 1.0) / (options.resamples + 1.0);
}

Interval wilson(std::uint64_t hits, std::uint64_t trials, double level) noexcept {
  if (trials == 0) return {0, 0, 1};
  const double n = static_cast<double>(trials), p = static_cast<double>(hits) / n;
  const double z = normal_quantile(0.5 + level / 2), zz = z * z;
  const double centre = (p + zz / (2 * n)) / (1 + zz / n);
  const double half = z / (1 + zz / n) * std::sqrt(p * (1 - p) / n + zz / (4 * n * n));
  return {p, hits == 0 ? 0 : std::max(0.0, centre - half), hits == trials ? 1 : std::min(1.0, centre + half)};
}

double pearson(std::span<const double> a, std::span<const double> b) noexcept {
  QUIVER_CHECK(a.size() == b.size());
  return correlation(a, b, [](std::size_t) { return 1.0; });
}
double spearman(std::span<const double> a, std::span<const double> b) {
  QUIVER_CHECK(a.size() == b.size());
  const std::vector<double> once(a.size(), 1.0);
  std::vector<double> ranks_a(a.size()), ranks_b(b.size());
  Ranking(a).ranks(once, ranks_a);
  Ranking(b).ranks(once, ranks_b);
  return pearson(ranks_a, ranks_b);
}
Interval bootstrap_spearman(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  const double whole = spearman(a, b);
  if (a.size() < 2) return {whole, whole, whole};
  const Ranking ranking_a(a), ranking_b(b);
  std::vector<double> found(options.resamples), counts(a.size()), ranks_a(a.size()), ranks_b(a.size());
  for (std::uint32_t r = 0; r < options.resamples; ++r) {
    Random random(options.seed, r);
    std::fill(counts.begin(), counts.end(), 0.0);
    for (std::size_t i = 0; i < a.size(); ++i) counts[random.below(a.size())] += 1;
    ranking_a.ranks(counts, ranks_a);
    ranking_b.ranks(counts, ranks_b);
    found[r] = correlation(ranks_a, ranks_b, [&](std::size_t i) { return counts[i]; });
  }
  const double tail = (1 - options.level) / 2;
  return {whole, quantile_of(found, tail), quantile_of(found, 1 - tail)};
}

double normal_quantile(double p) noexcept {
  // Newton's method on erfc from a logistic start; the CDF is smooth, so a handful of steps reach machine precision.
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  if (p >= 1) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -normal_quantile(1 - p);
  double x =
      std::max(-37.0, -std::sqrt(-2 * std::log(p)));  // below the root: the CDF is convex there, so Newton climbs
  for (int step = 0; step < 60; ++step) {
    const double error = 0.5 * std::erfc(-x / std::sqrt(2.0)) - p;
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979323846);
    const double change = error / density;
    x -= change;
    if (std::abs(change) < 1e-13) break;
  }
  return x;
}

}  // namespace quiver
