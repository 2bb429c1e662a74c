#include "quiver/index/internal/graph_walk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace quiver::internal {
namespace {
constexpr std::size_t kRoom = 2048;     // rows that may wait before the far ones are dropped
constexpr std::size_t kMoreAhead = 64;  // hops after which one more row is chosen ahead
constexpr std::size_t kBlock = simd::kBlockNeighbours;
}  // namespace

void GraphWalk::start(const GraphRows& rows, const GraphRows& root, const float* query, const WalkLimits& limits) {
  for (const std::uint32_t row : touched_) seen_[row / 64] = 0;
  touched_.clear();
  met_.clear();
  if (seen_.size() < rows.rows() / 64 + 1) seen_.resize(rows.rows() / 64 + 1);
  rows_ = &rows;
  query_ = query;
  limits_ = limits;
  best_.assign(limits.wanted, INFINITY);
  hops_ = estimates_ = waiting_ = chosen_count_ = 0;
  cut_ = INFINITY;
  usual_ = 0;
  room_ = kRoom / 2;
  products_ = rows.layout().products;
  norm_ = products_ ? 0 : simd::kernels().squared_norm(query, rows.layout().dims);
  sum_ = simd::kernels().sum(query, rows.layout().dims);
  if (limits.without < rows.rows()) {
    seen_[limits.without / 64] |= std::uint64_t{1} << (limits.without % 64);
    touched_.push_back(limits.without);
  }
  enter(root);
  choose();
}

// All entries, each once: there is no bound yet that would leave one out. Those that are clearly not the next to stand
// on are held back, so that the least of few is sought at every hop.
void GraphWalk::enter(const GraphRows& root) {
  const std::size_t blocks = root.layout().blocks, most = kRoom + (blocks + 1) * kBlock;
  if (estimate_.size() < most) {
    for (std::vector<float>* estimates : {&estimate_, &held_estimate_}) estimates->resize(most);
    for (std::vector<std::uint32_t>* rows : {&row_, &held_row_}) rows->resize(most);
  }
  held_ = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::byte* block = root.block(0, b);
    float* estimates = held_estimate_.data() + held_;
    std::uint32_t* rows = held_row_.data() + held_;
    std::uint32_t there = simd::kernels().neighbour_scan(block, scratch_.tables(), norm_, INFINITY, estimates);
    std::memcpy(rows, block + simd::block_rows_at(scratch_.tables().groups), kBlock * sizeof(std::uint32_t));
    std::size_t kept = kBlock;
    if (limits_.without != kNoRow || there != ~std::uint32_t{0}) {
      for (kept = 0; there != 0; there &= there - 1) {
        const auto j = static_cast<std::size_t>(std::countr_zero(there));
        estimates[kept] = estimates[j];
        rows[kept] = rows[j];
        kept += rows[j] != limits_.without ? 1 : 0;
      }
    }
    held_ += kept;
  }
  estimates_ += blocks * kBlock;
  double sum = 0;
  for (std::size_t i = 0; i < held_; ++i) {
    seen_[held_row_[i] / 64] |= std::uint64_t{1} << (held_row_[i] % 64);
    sum += static_cast<double>(held_estimate_[i]);
  }
  touched_.insert(touched_.end(), held_row_.begin(), held_row_.begin() + static_cast<std::ptrdiff_t>(held_));
  if (products_ && held_ > 0) usual_ = static_cast<float>(sum / static_cast<double>(held_));
  held_from_ = worst_of_lane_leasts();
  waiting_ = held_;
  std::copy_n(held_estimate_.begin(), held_, estimate_.begin());
  std::copy_n(held_row_.begin(), held_, row_.begin());
  keep_below(held_from_);
  if (waiting_ == held_) held_ = 0;
}

// Above at least 16 of many estimates, below most of them.
float GraphWalk::worst_of_lane_leasts() const noexcept {
  constexpr std::size_t kLanes = 16;
  if (held_ < 4 * kLanes) return INFINITY;
  float least[kLanes];
  std::copy_n(held_estimate_.begin(), kLanes, least);
  for (std::size_t i = kLanes; i + kLanes <= held_; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) least[lane] = std::min(least[lane], held_estimate_[i + lane]);
  }
  return std::nextafter(*std::max_element(least, least + kLanes), INFINITY);
}

// Entries that were held back and are below the limit wait from now on; the others are dropped.
void GraphWalk::release(float limit) {
  if (held_ == 0) return;
  held_ = simd::kernels().keep_below(held_estimate_.data(), held_row_.data(), held_, limit);
  std::size_t end = waiting_;
  for (std::size_t i = 0; i < held_; ++i) {
    estimate_[end] = held_estimate_[i];
    row_[end] = held_row_[i];
    end += held_estimate_[i] >= held_from_ ? 1 : 0;
  }
  waiting_ = end;
  held_ = 0;
  if (waiting_ > room_) drop_far();
}

void GraphWalk::keep_below(float limit) {
  waiting_ = simd::kernels().keep_below(estimate_.data(), row_.data(), waiting_, limit);
}

void GraphWalk::offer(const std::byte* block, float base) {
  alignas(64) float distances[kBlock];
  std::uint32_t closer =
      simd::kernels().neighbour_scan(block, scratch_.tables(), base, std::min(bound(), cut_), distances);
  estimates_ += kBlock;
  const auto* numbers = reinterpret_cast<const std::uint32_t*>(block + simd::block_rows_at(scratch_.tables().groups));
  std::size_t end = waiting_;
  for (; closer != 0; closer &= closer - 1) {
    const auto j = static_cast<std::size_t>(std::countr_zero(closer));
    const std::uint32_t row = numbers[j];
    std::uint64_t& word = seen_[row / 64];
    const std::uint64_t bit = std::uint64_t{1} << (row % 64);
    estimate_[end] = distances[j];
    row_[end] = row;
    end += (word & bit) == 0 ? 1 : 0;
    word |= bit;
  }
  touched_.insert(touched_.end(), row_.begin() + static_cast<std::ptrdiff_t>(waiting_),
                  row_.begin() + static_cast<std::ptrdiff_t>(end));
  waiting_ = end;
  if (waiting_ > room_) drop_far();
}

// Only as many as there are hops left can ever be stood on: the others go, and whatever is no closer than the furthest
// that stays is not taken any more.
void GraphWalk::drop_far() {
  const std::size_t keep = std::clamp<std::size_t>(limits_.hops - std::min(hops_, limits_.hops), 1, kRoom / 2);
  if (waiting_ > keep) {
    ordered_.assign(estimate_.begin(), estimate_.begin() + static_cast<std::ptrdiff_t>(waiting_));
    const auto last = ordered_.begin() + static_cast<std::ptrdiff_t>(keep - 1);
    std::nth_element(ordered_.begin(), last, ordered_.end());
    cut_ = *last;
  }
  keep_below(std::min(bound(), std::nextafter(cut_, INFINITY)));
  waiting_ = std::min(waiting_, kRoom);  // more only if a thousand estimates tie
  room_ = std::clamp<std::size_t>(2 * waiting_, kRoom / 8, kRoom);
}

bool GraphWalk::choose() {
  const std::size_t ahead = std::min(limits_.ahead, 2 + hops_ / kMoreAhead);
  while (chosen_count_ < ahead && waiting_ + held_ > 0 && hops_ + chosen_count_ < limits_.hops) {
    const std::size_t least = waiting_ > 0 ? simd::kernels().least(estimate_.data(), waiting_) : 0;
    if (held_ > 0 && (waiting_ == 0 || estimate_[least] >= held_from_)) {
      release(INFINITY);
      continue;
    }
    if (!(estimate_[least] < bound())) break;
    chosen_[chosen_count_++] = {row_[least], estimate_[least]};
    rows_->prefetch(row_[least]);
    --waiting_;
    estimate_[least] = estimate_[waiting_];
    row_[least] = row_[waiting_];
  }
  return chosen_count_ > 0;
}

bool GraphWalk::hop() {
  if (chosen_count_ == 0) return false;
  const Hit here = chosen_[0];
  --chosen_count_;
  for (std::size_t i = 0; i < chosen_count_; ++i) chosen_[i] = chosen_[i + 1];
  if (!(here.distance < bound())) return choose();  // the bound fell since
  const std::uint32_t row = here.row;
  const float base = rows_->distance(row, query_, norm_, sum_);
  ++hops_;
  const bool counts = limits_.eligible == nullptr || (*limits_.eligible)(row);
  if (counts) met_.push_back({row, base});
  if (counts && base < best_.back()) {
    const bool unbounded = std::isinf(best_.back());
    std::size_t at = best_.size() - 1;
    for (; at > 0 && best_[at - 1] > base; --at) best_[at] = best_[at - 1];
    best_[at] = base;
    if (unbounded && std::isfinite(best_.back())) {
      keep_below(bound());
      release(bound());
    }
  }
  for (std::size_t b = 0; b < rows_->layout().blocks; ++b) offer(rows_->block(row, b), base);
  return choose();
}

}  // namespace quiver::internal
