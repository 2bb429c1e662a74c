#include "quiver/inspect/layout_2d.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
constexpr float kA = 1.577F, kB = 0.895F;  // the attraction curve for a least distance of 0.1
constexpr float kStart = 10;               // the start lies within -10 .. 10
constexpr float kLargestStep = 4;
constexpr std::size_t kStopEvery = 4096;  // rows between two looks at the deadline

struct Neighbour {
  std::uint32_t row;
  float distance;  // grows like a length: the square root of L2
};
using Neighbours = std::vector<std::vector<Neighbour>>;

// The k nearest others of every row.
Result<Neighbours> nearest_of_all(MatrixView rows, Metric metric, std::uint32_t k, Run& run) {
  const Space space{.id = "", .dims = rows.cols, .metric = metric, .prefix_of = "", .prefix_dims = 0};
  QUIVER_TRY(const auto index, build_index({}, rows, space, {}, run));
  QUIVER_TRY(const Hits hits, index->search_batch(rows, {.k = k + 1}, run));
  Neighbours neighbours(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (const Hit& hit : hits.of(i)) {
      if (hit.row == i || neighbours[i].size() == k) continue;
      neighbours[i].push_back({hit.row, metric == Metric::L2 ? std::sqrt(hit.distance) : hit.distance});
    }
  }
  return neighbours;
}

// p(j | i) of a row's neighbours.
std::vector<float> memberships(const std::vector<Neighbour>& neighbours) {
  const double target = std::log2(static_cast<double>(std::max<std::size_t>(neighbours.size(), 2)));
  const double nearest = neighbours.empty() ? 0 : neighbours.front().distance;
  const auto sum_at = [&](double sigma) {
    double sum = 0;
    for (const Neighbour& n : neighbours) sum += std::exp(-(n.distance - nearest) / sigma);
    return sum;
  };
  double low = 1e-12, high = 1e12;  // the sum rises with sigma: halve the interval of its logarithm
  for (int step = 0; step < 64; ++step) {
    const double middle = std::sqrt(low * high);
    (sum_at(middle) < target ? low : high) = middle;
  }
  std::vector<float> weights;
  for (const Neighbour& n : neighbours) weights.push_back(static_cast<float>(std::exp(-(n.distance - nearest) / high)));
  return weights;
}

struct Edge {
  std::uint32_t from, to;
  float weight;
};

// Both directions of every neighbourhood joined; each pair once, from < to, in rising order.
std::vector<Edge> joined_edges(const Neighbours& neighbours) {
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i < neighbours.size(); ++i) {
    const std::vector<float> weights = memberships(neighbours[i]);
    for (std::size_t j = 0; j < weights.size(); ++j) {
      const std::uint32_t other = neighbours[i][j].row;
      edges.push_back({std::min(i, other), std::max(i, other), weights[j]});
    }
  }
  std::sort(edges.begin(), edges.end(),
            [](const Edge& a, const Edge& b) { return std::pair(a.from, a.to) < std::pair(b.from, b.to); });
  std::vector<Edge> joined;
  for (const Edge& edge : edges) {
    if (!joined.empty() && joined.back().from == edge.from && joined.back().to == edge.to) {
      joined.back().weight += edge.weight - joined.back().weight * edge.weight;
    } else {
      joined.push_back(edge);
    }
  }
  return joined;
}

// The two leading principal coordinates, scaled into the start square, with a little noise to part equal rows.
Result<Matrix> principal_start(MatrixView vectors, std::uint64_t seed) {
  Matrix points(vectors.rows, 2);
  const std::vector<float> mean = column_means(vectors);
  const Matrix spread = covariance(vectors, mean);
  QUIVER_TRY(const Eigen directions, symmetric_eigen(spread.view()));
  const std::size_t axes = std::min<std::size_t>(2, vectors.cols);
  float largest = 0;
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    for (std::size_t axis = 0; axis < axes; ++axis) {
      double sum = 0;
      for (std::size_t j = 0; j < vectors.cols; ++j) {
        sum += (static_cast<double>(vectors.row(i)[j]) - mean[j]) * directions.vectors.row(axis)[j];
      }
      points.row(i)[axis] = static_cast<float>(sum);
      largest = std::max(largest, std::abs(points.row(i)[axis]));
    }
  }
  const float scale = largest > 0 ? kStart / largest : 0;
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    Random random(mix(seed, stream_of("layout start")), i);
    for (float& x : points.row(i)) x = x * scale + 1e-3F * random.normal();
  }
  return points;
}

float bounded(float step) noexcept { return std::clamp(step, -kLargestStep, kLargestStep); }

// One step on one edge and its negatives: the gradient of log q for the edge, of log(1 - q) for strangers.
class Descent {
 public:
  Descent(Matrix& points, std::uint64_t seed) : points_(points), random_(seed, stream_of("layout descent")) {}

  void attract(std::uint32_t a, std::uint32_t b, float rate) noexcept {
    float* x = points_.row(a).data();
    float* y = points_.row(b).data();
    const float dx = x[0] - y[0], dy = x[1] - y[1], squared = dx * dx + dy * dy;
    if (squared <= 0) return;
    const float power = std::pow(squared, kB);
    const float pull = -2 * kA * kB * power / (squared * (1 + kA * power));
    const float step_x = rate * bounded(pull * dx), step_y = rate * bounded(pull * dy);
    x[0] += step_x;
    x[1] += step_y;
    y[0] -= step_x;
    y[1] -= step_y;
  }
  void repel(std::uint32_t a, std::uint32_t count, float rate) noexcept {
    float* x = points_.row(a).data();
    for (std::uint32_t i = 0; i < count; ++i) {
      const float* y = points_.row(random_.below(points_.rows())).data();
      const float dx = x[0] - y[0], dy = x[1] - y[1], squared = dx * dx + dy * dy;
      if (squared <= 0) continue;  // itself
      const float push = 2 * kB / ((1e-3F + squared) * (1 + kA * std::pow(squared, kB)));
      x[0] += rate * bounded(push * dx);
      x[1] += rate * bounded(push * dy);
    }
  }

 private:
  Matrix& points_;
  Random random_;
};
}  // namespace

Result<Matrix> layout_2d(MatrixView vectors, Metric metric, const LayoutOptions& options, Run& run) {
  QUIVER_TRY(check_finite(vectors, "laying out vectors in the plane"));
  if (vectors.rows < 2 || vectors.cols == 0) return Matrix(vectors.rows, 2);
  const auto k = static_cast<std::uint32_t>(std::min<std::size_t>(std::max(options.neighbours, 1U), vectors.rows - 1));
  QUIVER_TRY(const Neighbours neighbours, nearest_of_all(vectors, metric, k, run));
  const std::vector<Edge> edges = joined_edges(neighbours);
  QUIVER_TRY(Matrix points, principal_start(vectors, options.seed));

  float heaviest = 0;
  for (const Edge& edge : edges) heaviest = std::max(heaviest, edge.weight);
  // An edge takes part in epochs in proportion to its weight: `due` counts epochs until its next turn.
  std::vector<float> due(edges.size(), 0);
  Descent descent(points, options.seed);
  auto stage = run.stage("map", options.epochs);
  for (std::uint32_t epoch = 0; epoch < options.epochs; ++epoch) {
    const float rate = 1 - static_cast<float>(epoch) / static_cast<float>(options.epochs);
    for (std::size_t e = 0; e < edges.size(); ++e) {
      if (e % kStopEvery == 0 && run.stop()) return run.stopped("laying out vectors in the plane");
      due[e] += edges[e].weight / heaviest;
      if (due[e] < 1) continue;
      due[e] -= 1;
      // Both ends take the active part in turn, so that both meet strangers.
      const bool forward = (epoch + e) % 2 == 0;
      const std::uint32_t active = forward ? edges[e].from : edges[e].to;
      descent.attract(active, forward ? edges[e].to : edges[e].from, rate);
      descent.repel(active, options.negatives, rate);
    }
    stage.advance();
  }
  const std::vector<float> middle = column_means(points.view());
  for (std::size_t i = 0; i < points.rows(); ++i) {
    for (std::size_t axis = 0; axis < 2; ++axis) points.row(i)[axis] -= middle[axis];
  }
  return points;
}

Result<double> neighbours_kept(MatrixView vectors, Metric metric, MatrixView points, std::uint32_t k, Run& run) {
  QUIVER_CHECK(vectors.rows == points.rows);
  if (vectors.rows < 2 || k == 0) return 1.0;
  k = static_cast<std::uint32_t>(std::min<std::size_t>(k, vectors.rows - 1));
  QUIVER_TRY(const Neighbours before, nearest_of_all(vectors, metric, k, run));
  QUIVER_TRY(const Neighbours after, nearest_of_all(points, Metric::L2, k, run));
  std::size_t kept = 0, all = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    all += before[i].size();
    for (const Neighbour& n : before[i]) {
      kept += static_cast<std::size_t>(
          std::count_if(after[i].begin(), after[i].end(), [&](const Neighbour& m) { return m.row == n.row; }));
    }
  }
  return static_cast<double>(kept) / static_cast<double>(all);
}

}  // namespace quiver
