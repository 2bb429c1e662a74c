#include "quiver/index/internal/graph_update.h"

#include <algorithm>
#include <numeric>

#include "quiver/index/internal/prune.h"

namespace quiver::internal {
namespace {
constexpr WalkLimits kSearch{.wanted = 32, .slack = 1.2F, .hops = 96};

float squared_distance(const float* a, const float* b, std::size_t dims) noexcept {
  float out = 0;
  simd::kernels().distance(Metric::L2, Element::F32)(a, reinterpret_cast<const std::byte*>(b), 0, nullptr, 1, dims,
                                                     &out);
  return out;
}

class Adder {
 public:
  Adder(Graph& graph, float slack) : graph_(graph), slack_(slack), centre_(1, dims()), others_(degree(), dims()) {}

  void add(std::uint32_t row, const float* point) {
    graph_.code.tables(point, walk_.scratch());
    walk_.start(graph_.rows, graph_.root, point, kSearch);
    while (walk_.hop()) {
    }
    met_.clear();
    for (const Hit& hit : walk_.met()) {
      if (hit.row != row) met_.push_back(hit);
    }
    Matrix near(met_.size(), dims());
    std::vector<Hit> candidates;
    for (std::size_t i = 0; i < met_.size(); ++i) {
      graph_.rows.decode_point(met_[i].row, near.row(i).data());
      candidates.push_back({static_cast<std::uint32_t>(i), met_[i].distance});
    }
    prune(near.view(), candidates, degree(), slack_, prune_, chosen_);
    std::vector<std::uint32_t> rows;
    for (const std::uint32_t i : chosen_) rows.push_back(met_[i].row);
    graph_.rows.write_neighbours(
        row, point, rows, [&](std::size_t j) { return near.row(chosen_[j]).data(); }, graph_.code, scratch_);
    for (const std::uint32_t other : rows) offer(other, row, point);
  }

 private:
  std::size_t dims() const noexcept { return graph_.rows.layout().dims; }
  std::size_t degree() const noexcept { return simd::kBlockNeighbours * graph_.rows.layout().blocks; }

  // Row `owner` may take `row`, which stands at `point`, among its neighbours.
  void offer(std::uint32_t owner, std::uint32_t row, const float* point) {
    std::size_t held = 0, worst = 0;
    std::uint32_t rows[1024];
    for (std::size_t b = 0; b < graph_.rows.layout().blocks; ++b) {
      for (const std::uint32_t r : graph_.rows.neighbours(owner, b)) {
        if (r == row) return;
        if (r != kNoRow) rows[held++] = r;
      }
    }
    float* centre = centre_.row(0).data();
    graph_.rows.decode_point(owner, centre);
    const float distance = squared_distance(centre, point, dims());
    if (held < degree()) {  // free places come last
      graph_.rows.replace_neighbour(owner, held, centre, row, point, graph_.code, scratch_);
      return;
    }
    // The furthest neighbour that the new row stands in front of; without one, the furthest of all.
    float furthest = 0, furthest_behind = 0;
    std::size_t behind = held;
    for (std::size_t j = 0; j < held; ++j) {
      float* other = others_.row(0).data();
      graph_.rows.decode_point(rows[j], other);
      const float from_owner = squared_distance(centre, other, dims());
      const float from_new = squared_distance(point, other, dims());
      if (from_owner < distance && slack_ * from_new < distance) return;  // it already leads to the new row
      if (from_owner > furthest) {
        furthest = from_owner;
        worst = j;
      }
      if (from_owner > distance && slack_ * from_new < from_owner && from_owner > furthest_behind) {
        furthest_behind = from_owner;
        behind = j;
      }
    }
    if (behind == held && !(distance < furthest)) return;
    graph_.rows.replace_neighbour(owner, behind < held ? behind : worst, centre, row, point, graph_.code, scratch_);
  }

  Graph& graph_;
  float slack_;
  Matrix centre_, others_;
  GraphWalk walk_;
  PruneScratch prune_;
  GraphRows::Scratch scratch_;
  std::vector<Hit> met_;
  std::vector<std::uint32_t> chosen_;
};
}  // namespace

void add_to_graph(Graph& graph, MatrixView points, float slack) {
  const std::size_t first = graph.rows.rows();
  graph.rows.grow(points.rows);
  Adder adder(graph, slack);
  for (std::size_t i = 0; i < points.rows; ++i) {
    graph.rows.write_point(first + i, points.row(i).data());
    adder.add(static_cast<std::uint32_t>(first + i), points.row(i).data());
  }
}

}  // namespace quiver::internal
