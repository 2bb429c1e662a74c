#include "quiver/index/internal/graph_repair.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"
#include "quiver/index/internal/graph_insert.h"
#include "quiver/index/internal/prune.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kPerVictim = 6;      // candidates, measured: half as many cost recall, twice as many gain none
constexpr std::size_t kMostVictims = 128;  // removed rows looked through for one row

class Repairer {
 public:
  Repairer(Graph& graph, const Removed& removed, float slack)
      : graph_(graph), removed_(removed), slack_(slack), point_(1, dims()), near_(dims(), products()) {}

  // Row v leads to live rows only. False if none was found: it must be searched for.
  bool repair(std::uint32_t v) {
    take_stock(v);
    if (victims_.empty()) return !kept_.empty();
    centre_.resize(dims());
    graph_.rows.decode_point(v, centre_.data());
    graph_.code.tables(centre_.data(), codes_.centre);
    look_through_victims(v);
    const std::size_t most = degree() + kPerVictim * direct_;
    if (found_.size() > most) {
      std::nth_element(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(most), found_.end(), closer);
      found_.resize(most);
    }
    rows_.assign(kept_.begin(), kept_.end());
    for (const Hit& hit : found_) rows_.push_back(hit.row);
    near_.room_for(rows_.size());
    for (const std::uint32_t row : rows_) graph_.rows.prefetch_point(row);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      graph_.rows.decode_point(rows_[i], near_.point(i));
      near_.place(i);
    }
    placed_ = centre_;
    place_for_edges(products(), placed_);
    const MatrixView near = near_.placed();
    distances_.resize(rows_.size());
    simd::kernels().distance(Metric::L2, Element::F32)(placed_.data(), reinterpret_cast<const std::byte*>(near.data),
                                                       near.stride * sizeof(float), nullptr, rows_.size(), dims(),
                                                       distances_.data());
    candidates_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      candidates_.push_back({static_cast<std::uint32_t>(i), distances_[i]});
    }
    prune(near, candidates_, degree(), slack_, prune_, picked_);
    chosen_.clear();
    for (const std::uint32_t i : picked_) chosen_.push_back(rows_[i]);
    graph_.rows.revise_neighbours(
        v, centre_.data(), chosen_, [&](std::size_t j) { return near_.point(picked_[j]); }, graph_.code, codes_);
    return !chosen_.empty();
  }

 private:
  std::size_t dims() const noexcept { return graph_.rows.layout().dims; }
  bool products() const noexcept { return graph_.rows.layout().products; }
  std::size_t degree() const noexcept { return simd::kBlockNeighbours * graph_.rows.layout().blocks; }

  void take_stock(std::uint32_t v) {
    kept_.clear();
    victims_.clear();
    for (std::size_t b = 0; b < graph_.rows.layout().blocks; ++b) {
      for (const std::uint32_t row : graph_.rows.neighbours(v, b)) {
        if (row == kNoRow) continue;
        (removed_.contains(row) ? victims_ : kept_).push_back(row);
      }
    }
    direct_ = victims_.size();
  }

  // found_: the live rows that victims lead to, with estimated distances from v, as walks have them. Victims of victims
  // are looked through while there are fewer than a row has places for.
  void look_through_victims(std::uint32_t v) {
    found_.clear();
    for (const std::uint32_t victim : victims_) graph_.rows.prefetch(victim);
    if (seen_.size() < graph_.rows.rows()) seen_.resize(graph_.rows.rows(), 0);
    ++stamp_;
    seen_[v] = stamp_;
    for (const std::uint32_t row : kept_) seen_[row] = stamp_;
    for (const std::uint32_t row : victims_) seen_[row] = stamp_;
    float* point = point_.row(0).data();
    float estimates[simd::kBlockNeighbours];
    for (std::size_t i = 0; i < victims_.size() && i < kMostVictims; ++i) {
      if (i >= direct_ && kept_.size() + found_.size() >= degree()) break;
      const std::uint32_t victim = victims_[i];
      graph_.rows.decode_point(victim, point);
      float base = 0;
      simd::kernels().distance(products() ? Metric::Dot : Metric::L2, Element::F32)(
          centre_.data(), reinterpret_cast<const std::byte*>(point), 0, nullptr, 1, dims(), &base);
      if (products()) base *= 2;
      for (std::size_t b = 0; b < graph_.rows.layout().blocks; ++b) {
        simd::kernels().neighbour_scan(graph_.rows.block(victim, b), codes_.centre.tables(), base, INFINITY, estimates);
        const std::span<const std::uint32_t> rows = graph_.rows.neighbours(victim, b);
        for (std::size_t j = 0; j < simd::kBlockNeighbours; ++j) {
          if (rows[j] == kNoRow || seen_[rows[j]] == stamp_) continue;
          seen_[rows[j]] = stamp_;
          if (removed_.contains(rows[j])) {
            victims_.push_back(rows[j]);
          } else {
            found_.push_back({rows[j], estimates[j]});
          }
        }
      }
    }
  }

  Graph& graph_;
  const Removed& removed_;
  float slack_;
  std::size_t direct_ = 0;  // of the victims: neighbours of the row itself
  Matrix point_;
  EdgePoints near_;
  std::vector<float> centre_, placed_, distances_;
  std::vector<std::uint32_t> kept_, victims_, rows_, picked_, chosen_;
  std::vector<Hit> found_, candidates_;
  std::vector<std::uint32_t> seen_;  // == stamp_: looked at for this row
  std::uint32_t stamp_ = 0;
  PruneScratch prune_;
  GraphRows::Scratch codes_;
};

// The live rows to which neither a live row nor the root leads.
std::vector<std::uint32_t> unreached(const Graph& graph, const Removed& removed) {
  std::vector<bool> reached(graph.rows.rows(), false);
  const auto mark = [&](const GraphRows& rows, std::size_t i) {
    for (std::size_t b = 0; b < rows.layout().blocks; ++b) {
      for (const std::uint32_t row : rows.neighbours(i, b)) {
        if (row != kNoRow) reached[row] = true;
      }
    }
  };
  for (std::size_t i = 0; i < graph.rows.rows(); ++i) {
    if (!removed.contains(i)) mark(graph.rows, i);
  }
  mark(graph.root, 0);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < graph.rows.rows(); ++i) {
    if (!reached[i] && !removed.contains(i)) rows.push_back(static_cast<std::uint32_t>(i));
  }
  return rows;
}
}  // namespace

void repair_graph(Graph& graph, const Removed& removed, std::span<const std::uint32_t> dead, float slack) {
  graph.rows.grow(0);  // ours to write, even if they were mapped
  Repairer repairer(graph, removed, slack);
  std::vector<std::uint32_t> alone;
  for (std::size_t i = 0; i < graph.rows.rows(); ++i) {
    const auto row = static_cast<std::uint32_t>(i);
    if (!removed.contains(i) && !repairer.repair(row)) alone.push_back(row);
  }
  for (const std::uint32_t row : dead) graph.rows.clear_neighbours(row);
  GraphInserter inserter(graph, removed, slack);
  for (const std::uint32_t row : alone) inserter.insert_again(row);
  for (int round = 0; round < 3; ++round) {  // whoever insists may push out another one
    const std::vector<std::uint32_t> rows = unreached(graph, removed);
    for (const std::uint32_t row : rows) inserter.insert_again(row);
    if (rows.empty()) break;
  }
}

void enter_by(Graph& graph, const Removed& removed, std::uint64_t seed) {
  const std::vector<std::uint32_t> live = rows_left(removed, graph.rows.rows());
  const std::size_t wanted = std::clamp<std::size_t>(live.size(), 1, GraphOptions{}.entries);
  const GraphLayout& layout = graph.rows.layout();
  std::vector<float> lengths, point(layout.dims);
  for (std::size_t i = 0; layout.products && i < live.size(); ++i) {
    graph.rows.decode_point(live[i], point.data());
    lengths.push_back(std::sqrt(simd::kernels().squared_norm(point.data(), layout.dims)));
  }
  Random random(seed, stream_of("graph entries"));
  std::vector<std::uint32_t> entries = draw_entries(live.size(), lengths, wanted, random);
  Matrix points(entries.size(), layout.dims);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i] = live[entries[i]];
    graph.rows.decode_point(entries[i], points.row(i).data());
  }
  graph.root = root_of(graph, entries, [&](std::size_t j) { return points.row(j).data(); });
}

}  // namespace quiver::internal
