// Which rows of an index may be hits: those not removed that the caller's filter allows.
#pragma once
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/index/index.h"
#include "quiver/index/internal/row_slots.h"

namespace quiver::internal {

// The rows taken out of an index, one bit each; rows past the end of the words are there.
class Removed {
 public:
  Removed() = default;
  explicit Removed(std::span<const std::uint64_t> words) : words_(words.begin(), words.end()) {
    for (const std::uint64_t word : words_) count_ += static_cast<std::size_t>(std::popcount(word));
  }
  bool contains(std::size_t row) const noexcept {
    return row / 64 < words_.size() && (words_[row / 64] >> (row % 64) & 1U) != 0;
  }
  void insert(std::size_t row) {
    if (contains(row)) return;
    if (row / 64 >= words_.size()) words_.resize(row / 64 + 1);
    words_[row / 64] |= std::uint64_t{1} << (row % 64);
    ++count_;
  }
  void erase(std::size_t row) noexcept {
    if (!contains(row)) return;
    words_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    --count_;
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }
  std::size_t count() const noexcept { return count_; }
  std::span<const std::uint64_t> words() const noexcept { return words_; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t count_ = 0;
};

// Takes `rows` out of an index of `size` rows. With `slots`, `removed` is of slots. Errors: NotFound (no such row,
// removed already, or named twice); then nothing is removed.
Result<void> remove_rows(Removed& removed, std::span<const std::uint32_t> rows, std::size_t size,
                         const RowSlots* slots = nullptr);

// The rows of an index of `size` that are not removed, rising.
std::vector<std::uint32_t> rows_left(const Removed& removed, std::size_t size);

class Eligible {
 public:
  // With `slots`, everything here is asked by slot, and the filter by the row that lies there.
  Eligible(const Removed& removed, const RowFilter* filter, const RowSlots* slots = nullptr)
      : removed_(&removed), filter_(filter), slots_(slots) {}
  bool all() const noexcept { return filter_ == nullptr && removed_->count() == 0; }
  bool operator()(std::size_t row) const noexcept {
    return !removed_->contains(row) &&
           (filter_ == nullptr ||
            filter_->allows(slots_ != nullptr ? slots_->row_of(row) : static_cast<std::uint32_t>(row)));
  }
  // So few rows that asking before scoring is cheaper than after.
  bool rare() const noexcept { return filter_ != nullptr && filter_->selectivity() < 0.1; }

 private:
  const Removed* removed_;
  const RowFilter* filter_;
  const RowSlots* slots_;
};

}  // namespace quiver::internal
