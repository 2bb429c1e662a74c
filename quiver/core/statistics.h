// Statistics behind every claim: intervals by bootstrap, paired where both arms saw the same items, and the summary
// numbers of a benchmark.
//
//   Interval gain = paired_difference(encoder_mrr, bm25_mrr, {.seed = 7});   // mean of encoder - bm25
//   bool better = gain.low > 0;                                              // 95 % by default
//
// Percentile bootstrap over items (Efron & Tibshirani 1993). Deterministic for a seed.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace quiver {

struct Interval {
  double mean = 0, low = 0, high = 0;
};
struct BootstrapOptions {
  std::uint64_t seed = 1;
  std::uint32_t resamples = 2000;
  double level = 0.95;
};

double mean_of(std::span<const double> values) noexcept;            // 0 when empty
double variance_of(std::span<const double> values) noexcept;        // unbiased; 0 below two values
double quantile_of(std::vector<double> values, double q) noexcept;  // linear between order statistics; NaN when empty
Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});
// Requires: a.size() == b.size(). The interval of mean(a - b).
Interval paired_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});
// Two-sided p-value of a paired permutation (sign-flip) test of mean(a - b) = 0.
double paired_permutation_p(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});
// Wilson score interval of a proportion: honest at 0 and at 1.
Interval wilson(std::uint64_t hits, std::uint64_t trials, double level = 0.95) noexcept;
// Ranks with ties averaged, and their correlation.
double pearson(std::span<const double> a, std::span<const double> b) noexcept;
double spearman(std::span<const double> a, std::span<const double> b);
// Spearman's correlation of all items, and its interval over resampled items. Cost: two sorts, then linear a resample.
Interval bootstrap_spearman(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});
double normal_quantile(double p) noexcept;  // inverse of the standard normal CDF, 1e-9

}  // namespace quiver
