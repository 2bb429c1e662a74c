#include "quiver/index/internal/ivf_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kPlaces = simd::kBlockNeighbours;
constexpr const char* kBlocksPrefix = "ivf/";
constexpr std::size_t blocks_of(std::size_t rows) noexcept { return (rows + kPlaces - 1) / kPlaces; }
}  // namespace

IvfBlocks::IvfBlocks(std::shared_ptr<const IvfPartition> partition, NeighbourCode code,
                     std::vector<std::uint32_t> sizes)
    : partition_(std::move(partition)), code_(std::move(code)) {
  sizes_ = std::move(sizes);
  positions_ = std::accumulate(sizes_.begin(), sizes_.end(), 0U);
  built_ = AlignedBytes(lay_out(nullptr));
  lay_out(built_.data());
  const std::size_t groups = code_.groups();
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    std::byte* blocks = built_list(l);
    for (std::size_t j = sizes_[l]; j < lists_[l].room * kPlaces; ++j) {
      clear_neighbour(blocks + j / kPlaces * block_bytes(), j % kPlaces, groups);
    }
  }
}

std::size_t IvfBlocks::lay_out(const std::byte* first) {
  lists_.resize(sizes_.size());
  std::size_t at = 0;
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    lists_[l].room = blocks_of(sizes_[l]);
    if (first != nullptr) lists_[l].data = first + at;
    at += lists_[l].room * block_bytes();
  }
  return at;
}

void IvfBlocks::put(std::size_t list, std::size_t place, std::uint32_t position, const float* point,
                    NeighbourScratch& scratch) {
  std::byte* block = built_list(list) + place / kPlaces * block_bytes();
  put_neighbour(block, place % kPlaces, partition_->centre(list), position, point, code_, scratch);
}

std::size_t IvfBlocks::bytes() const noexcept {
  std::size_t blocks = 0;
  for (const std::uint32_t size : sizes_) blocks += blocks_of(size);
  return blocks * block_bytes();
}

Result<void> IvfBlocks::prepare(TypedView, IvfQuery& state) const {
  code_.tables(state.point, state.tables);
  for (const Probe& probe : state.probes) {
    const List& list = lists_[probe.list];
    if (from_disk_ && list.own.size() == 0) read_ahead({list.data, list.room * block_bytes()});
  }
  return {};
}

void IvfBlocks::scan(const Probe& probe, const Eligible& eligible, IvfQuery& state) const {
  const simd::NeighbourScan scan_block = simd::kernels().neighbour_scan;
  const std::size_t groups = code_.groups(), stride = block_bytes(), blocks = blocks_of(sizes_[probe.list]);
  const std::byte* block = lists_[probe.list].data;
  // Rows as far as the worst that is kept may still replace it, by their numbers.
  float threshold = state.found.threshold(), below = std::nextafter(threshold, INFINITY);
  float estimates[kPlaces];
  for (std::size_t b = 0; b < blocks; ++b, block += stride) {
    std::uint32_t near = scan_block(block, state.tables.tables(), probe.distance, below, estimates);
    for (; near != 0; near &= near - 1) {
      const auto j = static_cast<std::size_t>(std::countr_zero(near));
      const Hit hit{neighbour_row(block, j, groups), estimates[j]};
      // The filter is asked only about rows that are close enough.
      if (hit.distance <= state.found.threshold() && (eligible.all() || eligible(hit.row))) state.found.offer(hit);
    }
    if (state.found.threshold() != threshold) {
      threshold = state.found.threshold();
      below = std::nextafter(threshold, INFINITY);
    }
  }
}

void IvfBlocks::prefetch(std::size_t list) const noexcept {
  const std::byte* at = lists_[list].data;
  for (std::size_t offset = 0; offset < std::min(lists_[list].room, std::size_t{1}) * block_bytes(); offset += 64) {
    __builtin_prefetch(at + offset);
  }
}

std::byte* IvfBlocks::writable(std::size_t list, std::size_t blocks) {
  List& l = lists_[list];
  if (l.own.size() == 0 || blocks > l.room) {
    const std::size_t room = std::max(blocks, l.own.size() == 0 ? l.room : l.room + l.room / 2);
    AlignedBytes own(room * block_bytes());
    if (l.room > 0) std::memcpy(own.data(), l.data, l.room * block_bytes());
    for (std::size_t j = l.room * kPlaces; j < room * kPlaces; ++j) {
      clear_neighbour(own.data() + j / kPlaces * block_bytes(), j % kPlaces, code_.groups());
    }
    l.own = std::move(own);
    l.data = l.own.data();
    l.room = room;
  }
  return l.own.data();
}

Result<void> IvfBlocks::append(const RowsView&, MatrixView points, std::span<const std::uint32_t> lists_of) {
  NeighbourScratch scratch;
  for (std::size_t i = 0; i < points.rows; ++i) {
    const std::size_t list = lists_of[i], place = sizes_[list];
    std::byte* blocks = writable(list, blocks_of(place + 1));
    begin(list, scratch);
    put_neighbour(blocks + place / kPlaces * block_bytes(), place % kPlaces, partition_->centre(list), positions_++,
                  points.row(i).data(), code_, scratch);
    ++sizes_[list];
  }
  return {};
}

void IvfBlocks::sweep(const std::function<bool(std::uint32_t)>& gone) {
  const std::size_t groups = code_.groups();
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    const std::size_t held = sizes_[l];
    const auto gone_at = [&](std::size_t j) {
      return gone(neighbour_row(lists_[l].data + j / kPlaces * block_bytes(), j % kPlaces, groups));
    };
    std::size_t kept = 0;
    while (kept < held && !gone_at(kept)) ++kept;
    if (kept == held) continue;
    std::byte* blocks = writable(l, blocks_of(held));
    const auto block = [&](std::size_t j) { return blocks + j / kPlaces * block_bytes(); };
    for (std::size_t j = kept + 1; j < held; ++j) {
      if (gone_at(j)) continue;
      copy_neighbour(block(j), j % kPlaces, block(kept), kept % kPlaces, groups);
      ++kept;
    }
    for (std::size_t j = kept; j < held; ++j) clear_neighbour(block(j), j % kPlaces, groups);
    sizes_[l] = static_cast<std::uint32_t>(kept);
  }
}

std::vector<std::uint32_t> IvfBlocks::compact(const std::function<bool(std::uint32_t)>& gone) {
  const std::size_t groups = code_.groups();
  const auto block = [&](std::size_t list, std::size_t place) {
    return lists_[list].data + place / kPlaces * block_bytes();
  };
  const auto position_at = [&](std::size_t list, std::size_t place) {
    return neighbour_row(block(list, place), place % kPlaces, groups);
  };
  std::vector<std::uint32_t> stay, sizes;
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    const std::size_t before = stay.size();
    for (std::size_t j = 0; j < sizes_[l]; ++j) {
      if (!gone(position_at(l, j))) stay.push_back(position_at(l, j));
    }
    sizes.push_back(static_cast<std::uint32_t>(stay.size() - before));
  }
  IvfBlocks kept(partition_, code_, std::move(sizes));
  std::uint32_t next = 0;  // the position that is dealt out
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    std::size_t place = 0;
    for (std::size_t j = 0; j < sizes_[l] && place < kept.sizes_[l]; ++j) {
      if (position_at(l, j) != stay[next]) continue;
      std::byte* to = kept.built_list(l) + place / kPlaces * block_bytes();
      copy_neighbour(block(l, j), j % kPlaces, to, place % kPlaces, groups);
      std::memcpy(to + simd::block_rows_at(groups) + 4 * (place % kPlaces), &next, sizeof next);
      ++place;
      ++next;
    }
  }
  *this = std::move(kept);
  return stay;
}

void IvfBlocks::save(ContainerWriter& writer) const {
  writer.add_array(std::string(kBlocksPrefix) + "sizes", std::span<const std::uint32_t>(sizes_));
  code_.save(writer, kBlocksPrefix);
  const std::string name = std::string(kBlocksPrefix) + "blocks";
  const auto is_own = [](const List& list) { return list.own.size() > 0; };
  if (std::none_of(lists_.begin(), lists_.end(), is_own)) {
    return writer.add(name, {lists_.front().data, bytes()});
  }
  std::string all;
  all.reserve(bytes());
  for (std::size_t l = 0; l < lists_.size(); ++l) {
    all.append(reinterpret_cast<const char*>(lists_[l].data), blocks_of(sizes_[l]) * block_bytes());
  }
  writer.add(name, std::move(all));
}

Result<std::unique_ptr<IvfLists>> IvfBlocks::open(const Container& file, std::shared_ptr<const IvfPartition> partition,
                                                  std::size_t positions) {
  const std::size_t lists = partition->lists(), dims = partition->dims();
  auto made = std::unique_ptr<IvfBlocks>(new IvfBlocks(std::move(partition)));
  QUIVER_TRY(made->code_, NeighbourCode::load(file, kBlocksPrefix));
  QUIVER_TRY(const auto sizes, file.array<std::uint32_t>(std::string(kBlocksPrefix) + "sizes"));
  QUIVER_TRY(const auto blocks, file.section(std::string(kBlocksPrefix) + "blocks"));
  made->sizes_.assign(sizes.begin(), sizes.end());
  if (made->code_.coded_dims() > dims || sizes.size() != lists) {
    return Error::corruption("the inverted lists do not fit their centres; build the index again");
  }
  if (made->lay_out(blocks.data()) != blocks.size()) {
    return Error::corruption(fmt::format("section '{}blocks' has {} bytes, its lists take {}; build the index again",
                                         kBlocksPrefix, blocks.size(), made->lay_out(blocks.data())));
  }
  std::vector<bool> seen(positions);
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    for (std::size_t j = 0; j < made->lists_[l].room * kPlaces; ++j) {
      const std::byte* block = made->lists_[l].data + j / kPlaces * made->block_bytes();
      const std::uint32_t position = neighbour_row(block, j % kPlaces, made->code_.groups());
      const bool sound = j < sizes[l] ? position < positions && !seen[position]
                                      : position == kNoRow && is_unreachable(block, j % kPlaces, made->code_.groups());
      if (!sound) {
        return Error::corruption(
            fmt::format("list {} of the index has position {} of {} in place {}; build the index again", l, position,
                        positions, j));
      }
      if (j < sizes[l]) seen[position] = true;
    }
  }
  made->positions_ = static_cast<std::uint32_t>(positions);
  made->owner_ = file.owner();
  made->from_disk_ = outgrows_memory(blocks.size());
  return std::unique_ptr<IvfLists>(std::move(made));
}

}  // namespace quiver::internal
