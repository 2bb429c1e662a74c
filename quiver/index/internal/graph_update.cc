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
    bool taken = rows.empty();
    for (const std::uint32_t other : rows) taken |= offer(other, row, point);
    if (!taken) insist(rows.front(), row, point);
  }

 private:
  std::size_t dims() const noexcept { return graph_.rows.layout().dims; }
  std::size_t degree() const noexcept { return simd::kBlockNeighbours * graph_.rows.layout().blocks; }

  // Row `owner` may take `row`, which stands at `point`, among its neighbours; false if it does not lead there.
  bool offer(std::uint32_t owner, std::uint32_t row, const float* point) {
    graph_.rows.neighbours_of(owner, held_);
    const std::size_t held = held_.size();
    std::size_t worst = 0;
    float* centre = centre_.row(0).data();
    graph_.rows.decode_point(owner, centre);
    const float distance = squared_distance(centre, point, dims());
    if (held < degree()) {  // free places come last
      graph_.rows.replace_neighbour(owner, held, centre, row, point, graph_.code, scratch_);
      return true;
    }
    // The furthest neighbour that the new row stands in front of; without one, the furthest of all.
    float furthest = 0, furthest_behind = 0;
    std::size_t behind = held;
    for (std::size_t j = 0; j < held; ++j) {
      float* other = others_.row(0).data();
      graph_.rows.decode_point(held_[j], other);
      const float from_owner = squared_distance(centre, other, dims());
      const float from_new = squared_distance(point, other, dims());
      if (from_owner < distance && slack_ * from_new < distance) return false;  // another one is on the way
      if (from_owner > furthest) {
        furthest = from_owner;
        worst = j;
      }
      if (from_owner > distance && slack_ * from_new < from_owner && from_owner > furthest_behind) {
        furthest_behind = from_owner;
        behind = j;
      }
    }
    if (behind == held && !(distance < furthest)) return false;
    graph_.rows.replace_neighbour(owner, behind < held ? behind : worst, centre, row, point, graph_.code, scratch_);
    return true;
  }

  // Nobody took `row`, as happens to rows far from all others, and yet someone must lead to it: the nearest row gives
  // up the furthest neighbour that stands behind another one, or the furthest of all.
  void insist(std::uint32_t owner, std::uint32_t row, const float* point) {
    graph_.rows.neighbours_of(owner, held_);
    Matrix near(held_.size(), dims());
    std::vector<float> distances(held_.size());
    float* centre = centre_.row(0).data();
    graph_.rows.decode_point(owner, centre);
    for (std::size_t j = 0; j < held_.size(); ++j) {
      graph_.rows.decode_point(held_[j], near.row(j).data());
      distances[j] = squared_distance(centre, near.row(j).data(), dims());
    }
    const auto hidden = [&](std::size_t j) {
      for (std::size_t i = 0; i < held_.size(); ++i) {
        if (i == j || !(distances[i] < distances[j])) continue;
        if (slack_ * squared_distance(near.row(i).data(), near.row(j).data(), dims()) < distances[j]) return true;
      }
      return false;
    };
    std::size_t place = 0;
    bool place_hidden = false;
    for (std::size_t j = 0; j < held_.size(); ++j) {
      const bool j_hidden = hidden(j);
      if (j_hidden == place_hidden ? distances[j] > distances[place] : j_hidden) {
        place = j;
        place_hidden = j_hidden;
      }
    }
    graph_.rows.replace_neighbour(owner, place, centre, row, point, graph_.code, scratch_);
  }

  Graph& graph_;
  float slack_;
  Matrix centre_, others_;
  GraphWalk walk_;
  PruneScratch prune_;
  GraphRows::Scratch scratch_;
  std::vector<Hit> met_;
  std::vector<std::uint32_t> chosen_, held_;
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
