#include "quiver/core/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <utility>

namespace quiver {
namespace {
constexpr double kEnough = 1e-4;      // part of the promised decrease that a step must bring (Wolfe's first condition)
constexpr double kFlatter = 0.9;      // and how much of the slope may be left (the second)
constexpr int kMostTries = 40;        // step lengths of one line search
constexpr double kCurvature = 1e-12;  // below: a pair of differences says nothing about curvature

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }
double largest(const Vector& a) {
  double most = 0;
  for (const double x : a) most = std::max(most, std::abs(x));
  return most;
}

struct Step {
  Vector move, turn;  // differences of points, and of gradients
  double inverse;     // 1 / <move, turn>
};

// The two loops: minus the inverse Hessian, as the steps remember it, times the gradient.
Vector direction_of(const Vector& gradient, const std::deque<Step>& steps) {
  Vector d = gradient;
  std::vector<double> weights(steps.size());
  for (std::size_t i = steps.size(); i-- > 0;) {
    weights[i] = steps[i].inverse * dot(steps[i].move, d);
    for (std::size_t j = 0; j < d.size(); ++j) d[j] -= weights[i] * steps[i].turn[j];
  }
  if (!steps.empty()) {
    const double scale = 1 / (steps.back().inverse * dot(steps.back().turn, steps.back().turn));
    for (double& x : d) x *= scale;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double change = weights[i] - steps[i].inverse * dot(steps[i].turn, d);
    for (std::size_t j = 0; j < d.size(); ++j) d[j] += change * steps[i].move[j];
  }
  for (double& x : d) x = -x;
  return d;
}

struct Point {
  Vector x, gradient;
  double value = 0;
};

// Bisection between a step too short and one too long; until there is one too long, steps double. False: no step helps.
bool search_line(const Point& from, const Vector& direction, double first, const Differentiable& function, Point& to) {
  const double slope = dot(from.gradient, direction);
  double low = 0, high = INFINITY, length = first;
  to = from;
  for (int t = 0; t < kMostTries; ++t) {
    for (std::size_t i = 0; i < to.x.size(); ++i) to.x[i] = from.x[i] + length * direction[i];
    to.value = function(to.x, to.gradient);
    if (!(to.value <= from.value + kEnough * length * slope)) {
      high = length;
    } else if (dot(to.gradient, direction) < kFlatter * slope) {
      low = length;
    } else {
      return true;
    }
    length = std::isinf(high) ? 2 * length : (low + high) / 2;
  }
  return to.value < from.value;
}
}  // namespace

LbfgsResult lbfgs(std::vector<double>& x, const Differentiable& function, const LbfgsOptions& options,
                  const std::function<bool()>& stop) {
  Point here{x, Vector(x.size()), 0};
  here.value = function(here.x, here.gradient);
  std::deque<Step> steps;
  LbfgsResult done;
  Point next;
  while (true) {
    done.value = here.value;
    done.converged = largest(here.gradient) <= options.gradient_tolerance;
    if (done.converged || done.iterations == options.iterations || (stop && stop())) break;
    Vector direction = direction_of(here.gradient, steps);
    if (!(dot(direction, here.gradient) < 0)) {  // rounding has spoilt the memory
      steps.clear();
      direction = direction_of(here.gradient, steps);
    }
    const double first = steps.empty() ? std::min(1.0, 1 / std::sqrt(dot(here.gradient, here.gradient))) : 1;
    if (!search_line(here, direction, first, function, next)) {  // as low as rounding lets it see
      done.converged = true;
      break;
    }
    ++done.iterations;
    Step step{Vector(x.size()), Vector(x.size()), 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
      step.move[i] = next.x[i] - here.x[i];
      step.turn[i] = next.gradient[i] - here.gradient[i];
    }
    const double curvature = dot(step.move, step.turn), gain = here.value - next.value;
    if (curvature > kCurvature * dot(step.turn, step.turn)) {
      step.inverse = 1 / curvature;
      steps.push_back(std::move(step));
      if (steps.size() > options.memory) steps.pop_front();
    }
    std::swap(here, next);
    if (gain <= options.value_tolerance * std::max(1.0, std::abs(here.value))) {
      done.value = here.value;
      done.converged = true;
      break;
    }
  }
  x = std::move(here.x);
  return done;
}

}  // namespace quiver
