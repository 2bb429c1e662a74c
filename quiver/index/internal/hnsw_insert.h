// HnswInserter: puts rows into an HNSW graph one after the other (Malkov & Yashunin, Algorithms 1 and 4), as hnswlib
// does: a row enters at the level drawn for it, walks down keeping `effort` rows a level, is linked to at most M of
// them, and each of these links back; a list that overflows is chosen anew from what it held.
//
// Neighbours are chosen closest first, leaving out a row that is closer to one already chosen than to the row itself:
// edges in different directions rather than many into one cluster.
//
// Distances between rows come from the codes themselves: a row is decoded and becomes a query. Thread-safety: one
// owner. Cost a row: about effort * M distances to find its neighbours, and as many again to thin out theirs.
#pragma once
#include <memory>

#include "quiver/index/internal/hnsw_walk.h"

namespace quiver::internal {

class HnswInserter {
 public:
  // Requires: every decoded row is finite.
  HnswInserter(const Codes& codes, HnswLinks& links, std::size_t effort)
      : codes_(codes), links_(links), effort_(effort), decoded_(1, codes.space().dims) {}
  void insert(std::uint32_t row);  // Requires: links knows the row; it is not linked yet
  // Searches for the row from the entry and offers it to those it chooses: a new one, or one that is linked already and
  // to which perhaps nobody leads. `insist`: if on the lowest level none of them takes it, the nearest gives up another
  // one for it. Requires: there is an entry.
  void link(std::uint32_t row, bool insist = false);
  // The list of a row becomes what it keeps and, of the others, as many as there is room for and none of these hides.
  // Requires: rows of that level, each once, the row itself not among them; no more kept than a list holds.
  void extend(std::uint32_t row, unsigned level, std::span<const std::uint32_t> kept,
              std::span<const std::uint32_t> others);

 private:
  std::unique_ptr<Scorer> scorer_of(std::uint32_t row);
  bool leads(std::uint32_t row, unsigned level, std::uint32_t neighbour) const noexcept;
  std::vector<Hit> by_distance(std::uint32_t row, std::span<const std::uint32_t> rows, std::size_t limit);
  void drop_hidden(std::vector<Hit>& near, std::uint32_t by);
  std::vector<std::uint32_t> choose(std::vector<Hit> near, std::size_t limit);
  void link_back(std::uint32_t row, unsigned level, std::uint32_t neighbour);
  void give_place(std::uint32_t owner, std::uint32_t row);

  const Codes& codes_;
  HnswLinks& links_;
  std::size_t effort_;
  Matrix decoded_;
  Removed none_;
  Scratch::Worker memory_;
  std::vector<std::uint32_t> rows_;
  std::vector<float> distances_;
};

}  // namespace quiver::internal
