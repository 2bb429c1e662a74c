// RowStore: rows of equal bytes one behind another, owned and growing, or mapped from a file until the first change.
//
//   RowStore store(268);                          // bytes from one row to the next
//   std::byte* first = store.grow(100);           // room for 100 more, zeroed
//   RowStore mapped = RowStore::mapped(bytes, 268, owner);
//
// Invariants: data() stays valid until the next change. Thread-safety: readers at once; changes alone.
// Cost: grow() copies everything when the room is used up, which doubles it; the first one takes exactly what is asked.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "quiver/core/matrix.h"

namespace quiver::internal {

// Rows begin on a cache line where that costs at most a sixteenth more; else they are packed, as scans read all of it.
constexpr std::size_t row_stride(std::size_t row_bytes) noexcept {
  const std::size_t packed = (row_bytes + 3) / 4 * 4, aligned = (row_bytes + 63) / 64 * 64;
  return (aligned - row_bytes) * 16 <= row_bytes ? aligned : packed;
}

class RowStore {
 public:
  explicit RowStore(std::size_t stride = 4) : stride_(stride) {}
  // Requires: bytes.size() % stride == 0.
  static RowStore mapped(std::span<const std::byte> bytes, std::size_t stride, std::shared_ptr<const void> owner) {
    RowStore store(stride);
    store.data_ = bytes.data();
    store.rows_ = bytes.size() / stride;
    store.owner_ = std::move(owner);
    return store;
  }

  std::size_t rows() const noexcept { return rows_; }
  std::size_t stride() const noexcept { return stride_; }
  const std::byte* data() const noexcept { return data_; }
  const std::byte* row(std::size_t i) const noexcept { return data_ + i * stride_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, rows_ * stride_}; }

  // Inlined always: g++ 12 takes a function of nothing but prefetches for one without effect, and drops the call.
  [[gnu::always_inline]] void prefetch(std::span<const std::uint32_t> rows) const noexcept {
    for (const std::uint32_t i : rows) {
      for (std::size_t offset = 0; offset < stride_; offset += 64) __builtin_prefetch(row(i) + offset);
    }
  }

  std::byte* grow(std::size_t count) {
    const std::size_t needed = (rows_ + count) * stride_;
    if (needed > owned_.size()) move_to(rows_ == 0 ? needed : std::max(needed, 2 * owned_.size()));
    std::byte* first = owned_.data() + rows_ * stride_;
    rows_ += count;
    return first;
  }
  void reserve(std::size_t rows) {
    if (rows * stride_ > owned_.size()) move_to(rows * stride_);
  }
  // All rows, ours to write.
  std::byte* own() {
    grow(0);
    return owned_.data();
  }
  void drop_last(std::size_t count) noexcept { rows_ -= count; }
  // Row `to` becomes a copy of row `from`.
  void overwrite(std::size_t to, std::size_t from) {
    std::byte* data = own();
    if (to != from) std::memcpy(data + to * stride_, row(from), stride_);
  }
  // Only these rows stay, in this order, in memory of their size.
  void keep(std::span<const std::uint32_t> rows) {
    AlignedBytes kept(rows.size() * stride_);
    for (std::size_t i = 0; i < rows.size(); ++i) std::memcpy(kept.data() + i * stride_, row(rows[i]), stride_);
    owned_ = std::move(kept);
    data_ = owned_.data();
    rows_ = rows.size();
    owner_.reset();
  }

 private:
  void move_to(std::size_t bytes) {
    AlignedBytes larger(bytes);
    if (rows_ > 0) std::memcpy(larger.data(), data_, rows_ * stride_);
    owned_ = std::move(larger);
    data_ = owned_.data();
    owner_.reset();
  }
  std::size_t stride_, rows_ = 0;
  const std::byte* data_ = nullptr;
  AlignedBytes owned_;
  std::shared_ptr<const void> owner_;
};

}  // namespace quiver::internal
