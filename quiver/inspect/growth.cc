#include "quiver/inspect/growth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "quiver/core/check.h"

namespace quiver {
namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastMiss = 1e-6;  // of recall: one that missed nothing has no logarithm
}  // namespace

double student_95(std::size_t degrees) noexcept {
  constexpr std::array kFew = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
  if (degrees == 0) return kInfinity;
  if (degrees <= kFew.size()) return kFew[degrees - 1];
  const double z = 1.959964,
               nu = static_cast<double>(degrees);  // Cornish and Fisher's expansion, 2e-3 at 11 degrees, falling
  return z + (z * z * z + z) / (4 * nu) + (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * nu * nu);
}

Growth fit_growth(std::span<const double> rows, std::span<const double> costs, GrowthLaw law) {
  QUIVER_CHECK(rows.size() == costs.size() && rows.size() >= 2);
  const bool power = law == GrowthLaw::Power;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    QUIVER_CHECK(rows[i] > 0 && costs[i] > 0);
    x.push_back(std::log(rows[i]));
    y.push_back(power ? std::log(costs[i]) : costs[i]);
  }
  Growth fit;
  fit.law = law;
  fit.sizes = rows.size();
  fit.least = *std::ranges::min_element(rows);
  fit.most = *std::ranges::max_element(rows);
  fit.centre = mean_of(x);
  const double level = mean_of(y);
  double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    fit.spread += (x[i] - fit.centre) * (x[i] - fit.centre);
    product += (x[i] - fit.centre) * (y[i] - level);
  }
  QUIVER_CHECK(fit.spread > 0);
  fit.slope.mean = product / fit.spread;
  fit.intercept = level - fit.slope.mean * fit.centre;
  double residues = 0, errors = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double line = fit.intercept + fit.slope.mean * x[i];
    residues += (y[i] - line) * (y[i] - line);
    const double ratio = power ? y[i] - line : std::log(costs[i] / std::max(line, 1e-300));
    errors += ratio * ratio;
  }
  fit.error = std::sqrt(errors / static_cast<double>(x.size()));
  const std::size_t degrees = x.size() - 2;
  fit.deviation = degrees == 0 ? kInfinity : std::sqrt(residues / static_cast<double>(degrees));
  const double half = degrees == 0 ? kInfinity : student_95(degrees) * fit.deviation / std::sqrt(fit.spread);
  fit.slope.low = fit.slope.mean - half;
  fit.slope.high = fit.slope.mean + half;
  return fit;
}

Growth fit_growth(std::span<const double> rows, std::span<const double> costs) {
  const Growth power = fit_growth(rows, costs, GrowthLaw::Power);
  const Growth logarithmic = fit_growth(rows, costs, GrowthLaw::Logarithmic);
  return logarithmic.error < power.error ? logarithmic : power;
}

Interval Growth::at(double rows) const {
  const double x = std::log(rows), line = intercept + slope.mean * x;
  double half = kInfinity;
  if (sizes > 2) {
    const double away = (x - centre) * (x - centre) / spread;
    half = student_95(sizes - 2) * deviation * std::sqrt(1 + 1 / static_cast<double>(sizes) + away);
  }
  if (law == GrowthLaw::Power) return {std::exp(line), std::exp(line - half), std::exp(line + half)};
  return {line, std::max(line - half, 0.0), line + half};
}

double cost_at(std::span<const CostAtRecall> curve, double recall) {
  std::vector<CostAtRecall> points(curve.begin(), curve.end());
  std::ranges::sort(points, {}, [](const CostAtRecall& p) { return std::pair(p.recall, p.cost); });
  const auto missed = [](double r) { return std::log(std::max(1 - r, kLeastMiss)); };
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].recall < recall) continue;
    if (points[i].recall == recall) return points[i].cost;
    if (i == 0) break;
    const CostAtRecall &below = points[i - 1], &above = points[i];
    const double part = (missed(recall) - missed(below.recall)) / (missed(above.recall) - missed(below.recall));
    return std::exp(std::log(below.cost) + part * (std::log(above.cost) - std::log(below.cost)));
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace quiver
