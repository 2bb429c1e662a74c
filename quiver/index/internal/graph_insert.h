// Rows enter a finished graph. Each is searched for from the root; the live rows met, and those that came with it, are
// candidates from which it gets pruned neighbours; then it is offered to each of these. A neighbour whose places are
// all taken gives up the furthest that another one stands in front of, be it the new one: one place is written again,
// the codes beside it stay.
//
//   GraphInserter inserter(graph, removed, GraphOptions{}.slack);
//   inserter.insert(slots, points);            // free slots, or new ones behind the last
//
// Somebody leads to every row that was inserted: who is taken by none of its neighbours, as happens far from all
// others, takes a place of the nearest. The result depends on the graph and the order of the rows alone. Thread-safety:
// one owner, no readers. Cost: one walk and about 64 codes a row; docs/explanation/graph-index.md.
#pragma once
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_builder.h"
#include "quiver/index/internal/prune.h"

namespace quiver::internal {

class GraphInserter {
 public:
  // removed: slots without a row, which lead on but become nobody's neighbours. Both are borrowed; `slack` as in
  // prune.h.
  GraphInserter(Graph& graph, const Removed& removed, float slack);

  // points: (slots.size(), dims), in the short space. Requires: each slot is neither in `removed` nor led to.
  void insert(std::span<const std::uint32_t> slots, MatrixView points);
  // A row that is there already, and to which perhaps nobody leads, gets neighbours and is offered to them.
  void insert_again(std::uint32_t slot);

 private:
  static constexpr std::size_t kTogether = 16;  // rows that are searched for before any of them is linked
  static constexpr std::size_t kInTurn = 4;     // walks that share the thread

  std::size_t dims() const noexcept { return graph_.rows.layout().dims; }
  std::size_t degree() const noexcept { return simd::kBlockNeighbours * graph_.rows.layout().blocks; }
  std::uint32_t neighbour(std::size_t owner, std::size_t place) const noexcept;
  void link(std::span<const std::uint32_t> slots, MatrixView points);
  void find(std::span<const std::uint32_t> slots, MatrixView points);
  void choose(std::size_t i, std::span<const std::uint32_t> slots, MatrixView points);
  void offer_to_chosen(std::uint32_t row, const float* point, std::span<const std::uint32_t> chosen);
  bool offer(std::uint32_t owner, std::uint32_t row, const float* point);
  void prefetch_neighbours(std::uint32_t owner) const noexcept;
  bool led_to_by_another(std::uint32_t owner, std::uint32_t row) const noexcept;
  std::size_t spare(std::uint32_t owner, const float* centre, const float* point);
  bool products() const noexcept { return graph_.rows.layout().products; }
  const float* placed(const float* point);
  void insist(std::uint32_t owner, std::uint32_t row, const float* point);

  Graph& graph_;
  const Eligible live_;
  float slack_;
  Matrix centre_;
  EdgePoints near_;
  GraphWalk walks_[kInTurn];
  std::vector<Hit> met_[kTogether];
  std::vector<std::uint32_t> chosen_[kTogether];
  std::vector<Hit> candidates_;
  std::vector<std::uint32_t> rows_, picked_, order_;
  std::vector<float> from_owner_, from_row_, placed_;
  PruneScratch prune_;
  GraphRows::Scratch codes_;
};

}  // namespace quiver::internal
