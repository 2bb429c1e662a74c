// GraphWalk: the search of one query through GraphRows, one hop at a time, so that several walks can take turns while
// each waits for memory.
//
//   GraphWalk walk;
//   code.tables(query, walk.scratch());
//   walk.start(rows, root, query, {.wanted = 10, .slack = 1.1F, .hops = 200});
//   while (walk.hop()) {}                      // each hop ends by asking for the memory of the next
//   for (const Hit& hit : walk.met()) ...      // the eligible rows it stood on, with their distances in 8 bits
//
// A row is measured when the walk stands on it; its neighbours are only estimated, 32 at a time (Gou, Gao, Xu, Long,
// "SymphonyQG", SIGMOD 2025). Rows wait with the first estimate they got; the least one is next. The walk ends when
// that is further than slack times the `wanted`-th best distance met: easy queries stop early, hard ones go on, and no
// row above that bound is ever kept. There is no sorted pool: rows wait in any order, and the least of some hundred
// floats costs less than one mispredicted branch of an insertion. Thread-safety: one owner. Cost: per hop one piece of
// memory (GraphRows), no allocation once warm.
#pragma once
#include <vector>

#include "quiver/core/top_k.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_rows.h"

namespace quiver::internal {

struct WalkLimits {
  std::size_t wanted = 10;             // at least 1
  float slack = 1.1F;                  // of squared distances
  std::size_t hops = 1000;             // at most so many rows are stood on
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
  void offer(const std::byte* block, float base);
  bool choose_next();
  void drop_far();
  void keep_below(float limit);
  float bound() const noexcept { return limits_.slack * best_.back(); }

  const GraphRows* rows_ = nullptr;
  const float* query_ = nullptr;
  WalkLimits limits_;
  float norm_ = 0, sum_ = 0;
  std::size_t hops_ = 0, estimates_ = 0;
  std::uint32_t next_ = kNoRow;     // where hop() stands
  std::size_t waiting_ = 0;         // how many wait
  std::vector<float> estimate_;     // of those that wait, in any order
  std::vector<std::uint32_t> row_;  // their row numbers
  std::size_t room_ = 0;            // when more wait, the far ones are dropped
  float cut_ = 0;                   // an estimate that is no longer worth waiting
  std::vector<float> ordered_;      // of drop_far()
  std::vector<float> best_;         // the `wanted` least distances met, ascending
  std::vector<Hit> met_;
  std::vector<std::uint64_t> seen_;     // one bit a row: waits, or waited
  std::vector<std::uint32_t> touched_;  // the rows with a bit in seen_
  NeighbourCode::Scratch scratch_;
};

}  // namespace quiver::internal
