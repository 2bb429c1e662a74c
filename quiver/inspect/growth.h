// Growth: how a cost grows with the number of rows, fitted on sizes that were measured, and what it says about a size
// that was not. Two laws, each a straight line by least squares:
//
//   Power        ln cost = a + b ln n          b = 1: in proportion; b = 0: not at all
//   Logarithmic     cost = a + b ln n
//
//   const std::vector<double> rows = {1e4, 1e5, 1e6}, hops = {61, 78, 96};
//   const Growth growth = fit_growth(rows, hops);          // the law that leaves less unexplained
//   growth.slope                                            // b with its 95 % interval (Student)
//   growth.at(1e9)                                          // the cost there and a 95 % prediction interval
//
// The interval says how well the law is known if the law holds; nothing measured says that it holds a thousand times
// further out, so whoever shows at() says where measuring ended. Thread-safety: pure functions.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/core/statistics.h"

namespace quiver {

enum class GrowthLaw : std::uint8_t { Power, Logarithmic };

struct Growth {
  GrowthLaw law = GrowthLaw::Power;
  double intercept = 0;        // a
  Interval slope;              // b; without bounds (infinite) from two sizes
  double error = 0;            // root mean square of ln(measured / fitted)
  double least = 0, most = 0;  // rows between which it was measured

  Interval at(double rows) const;

  // Behind at(): of the line in its own coordinates.
  std::size_t sizes = 0;
  double centre = 0, spread = 0;  // mean of ln n, sum of squares around it
  double deviation = 0;           // of one measurement from the line, in the line's coordinate
};

// Requires: as many costs as rows, two different numbers of rows or more, all above zero.
Growth fit_growth(std::span<const double> rows, std::span<const double> costs, GrowthLaw law);
Growth fit_growth(std::span<const double> rows, std::span<const double> costs);  // the law of the smaller error

// The two-sided 95 % quantile of Student's distribution: 12.706 for one degree of freedom, 1.96 for many.
double student_95(std::size_t degrees) noexcept;

// The cost at exactly `recall` on a curve of (recall, cost) measured at several efforts, in any order: between two
// neighbours in proportion, ln cost against ln(1 - recall). NaN when `recall` is not between the least and the most.
struct CostAtRecall {
  double recall = 0, cost = 0;
};
double cost_at(std::span<const CostAtRecall> curve, double recall);

}  // namespace quiver
