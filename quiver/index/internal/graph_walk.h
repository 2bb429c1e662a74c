// GraphWalk: the search of one query through GraphRows, one hop at a time, so that several walks can take turns while
// each waits for memory.
//
//   GraphWalk walk;
//   code.tables(query, walk.scratch());
//   walk.start(rows, root, query, {.wanted = 10, .slack = 1.1F, .hops = 200});
//   while (walk.hop()) {}                      // each hop ends by asking for the memory of the next
//   for (const Hit& hit : walk.met()) ...      // the eligible rows it stood on, with their distances in 8 bits
//
// By inner product, distances are -2 <q, v>, and slack says how far beyond the `wanted`-th best the walk goes on, in
// parts of what lies between that and a usual row, the mean of those it entered at.
//
// The next rows are chosen before the walk has seen what the last one leads to, so that their memory is on its way
// meanwhile: two at first, more the longer it goes on, since a long walk stands on all that the bound
// admits anyhow, in whichever order.
//
// A row is measured when the walk stands on it; its neighbours are only estimated, 32 at a time (Gou, Gao, Xu, Long,
// "SymphonyQG", SIGMOD 2025). Rows wait with the first estimate they got; the least one is next. The walk ends when
// that is further than slack times the `wanted`-th best distance met: easy queries stop early, hard ones go on, and no
// row above that bound is ever kept. There is no sorted pool: rows wait in any order, and the least of some hundred
// floats costs less than one mispredicted branch of an insertion. Thread-safety: one owner. Cost: per hop one piece of
// memory (GraphRows), no allocation once warm.
#pragma once
#include <algorithm>
#include <vector>

#include "quiver/core/top_k.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_rows.h"

namespace quiver::internal {

inline constexpr std::size_t kMostAhead = 4;

struct WalkLimits {
  std::size_t wanted = 10;             // at least 1
  float slack = 1.1F;                  // at least 1
  std::size_t hops = 1000;             // at most so many rows are stood on
  std::size_t ahead = 1;               // rows chosen before the walk stands on one of them, at most kMostAhead
  const Eligible* eligible = nullptr;  // which rows count as met; null: all
  std::uint32_t without = kNoRow;      // a row that is never stood on
};

class GraphWalk {
 public:
  // The query stands in the rows' short space and has its tables in scratch().
  NeighbourCode::Scratch& scratch() noexcept { return scratch_; }
  void start(const GraphRows& rows, const GraphRows& root, const float* query, const WalkLimits& limits);
  bool hop();  // false: nothing closer is left to stand on
  const std::vector<Hit>& met() const noexcept { return met_; }
  std::size_t hops() const noexcept { return hops_; }
  std::size_t estimates() const noexcept { return estimates_; }

 private:
  void enter(const GraphRows& root);
  float worst_of_lane_leasts() const noexcept;
  void release(float limit);
  void offer(const std::byte* block, float base);
  bool choose();
  void drop_far();
  void keep_below(float limit);
  float bound() const noexcept {
    const float best = best_.back();
    return products_ ? best + (limits_.slack - 1) * std::max(0.0F, usual_ - best) : limits_.slack * best;
  }

  const GraphRows* rows_ = nullptr;
  const float* query_ = nullptr;
  WalkLimits limits_;
  float norm_ = 0, sum_ = 0;
  bool products_ = false;
  float usual_ = 0;  // distance of a row, by inner product
  std::size_t hops_ = 0, estimates_ = 0;
  Hit chosen_[kMostAhead];  // where the next hops stand, in this order, by their estimates
  std::size_t chosen_count_ = 0;
  std::size_t waiting_ = 0;         // how many wait
  std::vector<float> estimate_;     // of those that wait, in any order
  std::vector<std::uint32_t> row_;  // their row numbers
  std::size_t held_ = 0;            // entries that are held back until there is a bound, or they are next
  float held_from_ = 0;             // those of at least this estimate; the others wait
  std::vector<float> held_estimate_;
  std::vector<std::uint32_t> held_row_;
  std::size_t room_ = 0;        // when more wait, the far ones are dropped
  float cut_ = 0;               // an estimate that is no longer worth waiting
  std::vector<float> ordered_;  // of drop_far()
  std::vector<float> best_;     // the `wanted` least distances met, ascending
  std::vector<Hit> met_;
  std::vector<std::uint64_t> seen_;     // one bit a row: waits, or waited
  std::vector<std::uint32_t> touched_;  // the rows with a bit in seen_
  NeighbourCode::Scratch scratch_;
};

}  // namespace quiver::internal
