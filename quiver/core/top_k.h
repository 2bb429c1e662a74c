// TopK: the k smallest distances seen so far, ties broken by the smaller row, so that every search that is exact gives
// the same answer in the same order whatever its threads, blocks or SIMD level.
//
//   TopK best(10);
//   for (...) best.offer({row, distance});
//   std::vector<Hit> hits = best.sorted();
//
// A bounded max-heap: offer() costs one comparison when the hit is not good enough, O(log k) when it is.
// NaN distances are never kept. Thread-safety: one owner; merge() joins the heaps of several threads.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace quiver {

struct Hit {
  std::uint32_t row;
  float distance;
  bool operator==(const Hit&) const = default;
};
// The total order of hits: closer first, then the smaller row.
inline bool closer(const Hit& a, const Hit& b) noexcept {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
}

// The same as an object, which algorithms inline.
struct Closer {
  bool operator()(const Hit& a, const Hit& b) const noexcept { return closer(a, b); }
};

class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) { heap_.reserve(k); }
  std::size_t size() const noexcept { return heap_.size(); }
  // Nothing above this can enter; +infinity until k hits are held.
  float threshold() const noexcept {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity()
           : k_ == 0         ? -std::numeric_limits<float>::infinity()
                             : heap_.front().distance;
  }
  void offer(Hit hit) {
    if (!(hit.distance <= threshold())) return;  // false for NaN
    if (heap_.size() < k_) {
      heap_.push_back(hit);
      std::push_heap(heap_.begin(), heap_.end(), Closer{});
    } else if (k_ > 0 && closer(hit, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), Closer{});
      heap_.back() = hit;
      std::push_heap(heap_.begin(), heap_.end(), Closer{});
    }
  }
  void merge(const TopK& other) {
    for (const Hit& hit : other.heap_) offer(hit);
  }
  std::vector<Hit> sorted() const {
    std::vector<Hit> hits = heap_;
    std::sort(hits.begin(), hits.end(), Closer{});
    return hits;
  }
  // Writes the hits in order and returns how many. Requires: out.size() >= size().
  std::size_t sorted_into(std::span<Hit> out) const {
    std::copy(heap_.begin(), heap_.end(), out.begin());
    std::sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(heap_.size()), Closer{});
    return heap_.size();
  }
  std::span<const Hit> held() const noexcept { return heap_; }  // in no order
  void clear() noexcept { heap_.clear(); }

 private:
  std::size_t k_;
  std::vector<Hit> heap_;  // max-heap: the worst kept hit is in front
};

}  // namespace quiver
