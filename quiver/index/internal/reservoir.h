// Reservoir: the k smallest distances seen so far, as TopK (core/top_k.h) keeps them, for a k of dozens or more whose
// order does not matter yet. Hits gather in twice the room; when it is full, the further ones are dropped.
//
//   Reservoir near;
//   near.start(100);
//   for (...) if (distance <= near.threshold()) near.offer({position, distance});
//   for (const Hit& hit : near.finish()) ...            // the 100 closest, in no order
//
// Dropping guesses a distance that between k and 3/2 k hits are below, by halving the interval of distances held, and
// packs those with the kernel that a scan selects with: a dozen vector instructions each, where a heap's log k
// comparisons are mispredicted. Only what guesses do not separate, many equal distances, and the end take a selection.
//
// Invariants: what finish() gives is a set that does not depend on the order of offers: ties go to the smaller row.
// threshold() may lie above the k-th smallest, never below. NaN is never kept. Thread-safety: one owner.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "quiver/core/top_k.h"

namespace quiver::internal {

class Reservoir {
 public:
  void start(std::size_t k);
  // Nothing above this can be among the k smallest.
  float threshold() const noexcept { return threshold_; }
  void offer(Hit hit) {
    if (!(hit.distance <= threshold_)) return;
    distances_[size_] = hit.distance;
    rows_[size_] = hit.row;
    if (++size_ == distances_.size()) drop();
  }
  std::span<const Hit> finish();

 private:
  void drop();
  bool drop_by_guess();
  void select();  // exactly k

  std::size_t k_ = 0, size_ = 0;
  float threshold_ = -std::numeric_limits<float>::infinity();
  std::vector<float> distances_;
  std::vector<std::uint32_t> rows_, chosen_;
  std::vector<Hit> hits_;
};

}  // namespace quiver::internal
