// lbfgs: the minimum of a smooth function of many variables, by limited-memory BFGS (Liu and Nocedal, "On the limited
// memory BFGS method for large scale optimization", Mathematical Programming 45, 1989).
//
//   std::vector<double> x(n, 0);
//   const LbfgsResult done = lbfgs(x, [&](std::span<const double> x, std::span<double> gradient) { ...; return value;
//   });
//
// The curvature comes from the last `memory` steps. A step is halved, or doubled, until it meets the conditions of
// Wolfe, so that every update keeps the curvature positive; a convex function is then minimised from any start.
// Stops when the largest part of the gradient is below `gradient_tolerance`, when a step gains less than
// `value_tolerance` of the value, at `iterations`, or when `stop` says so: x is then the best point seen.
// Deterministic. Thread-safety: a pure function. Cost: per iteration one or two calls of the function and 4 * memory
// products of the variables.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace quiver {

struct LbfgsOptions {
  std::size_t iterations = 200, memory = 10;
  double gradient_tolerance = 1e-6, value_tolerance = 1e-9;
};

struct LbfgsResult {
  double value = 0;
  std::size_t iterations = 0;
  bool converged = false;  // false: out of iterations, or stopped
};

// Writes the gradient at x and returns the value there. Requires: finite at the start.
using Differentiable = std::function<double(std::span<const double> x, std::span<double> gradient)>;

LbfgsResult lbfgs(std::vector<double>& x, const Differentiable& function, const LbfgsOptions& options = {},
                  const std::function<bool()>& stop = {});

}  // namespace quiver
