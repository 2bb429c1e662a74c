#include "quiver/index/internal/graph_rows.h"

#include <algorithm>
#include <cmath>

namespace quiver::internal {

GraphRows GraphRows::mapped(GraphLayout layout, std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  GraphRows rows;
  rows.layout_ = layout;
  rows.rows_ = bytes.size() / layout.row_bytes();
  rows.data_ = bytes.data();
  rows.owner_ = std::move(owner);
  return rows;
}

void GraphRows::grow(std::size_t count) {
  const std::size_t held = rows_ * layout_.row_bytes(), needed = (rows_ + count) * layout_.row_bytes();
  if (needed > owned_.size()) {
    AlignedBytes larger(rows_ == 0 ? needed : std::max(needed, held + held / 2));
    if (held > 0) std::memcpy(larger.data(), data_, held);
    owned_ = std::move(larger);
    data_ = owned_.data();
    owner_.reset();
  }
  const std::size_t first = rows_;
  rows_ += count;
  for (std::size_t i = first; i < rows_; ++i) clear_neighbours(i);
}

void GraphRows::clear_neighbours(std::size_t i) noexcept {
  for (std::size_t b = 0; b < layout_.blocks; ++b) {
    std::byte* block = own_row(i) + layout_.blocks_at() + b * simd::block_bytes(layout_.groups);
    std::memset(block, 0, simd::block_bytes(layout_.groups));
    for (std::size_t place = 0; place < simd::kBlockNeighbours; ++place) {
      std::memcpy(block + simd::block_offsets_at(layout_.groups) + 2 * place, &kInfiniteOffset, 2);
      std::memcpy(block + simd::block_rows_at(layout_.groups) + 4 * place, &kNoRow, 4);
    }
  }
}

void GraphRows::keep(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> numbers) {
  const std::size_t bytes = layout_.row_bytes();
  AlignedBytes kept(rows.size() * bytes);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::byte* to = kept.data() + i * bytes;
    std::memcpy(to, row(rows[i]), bytes);
    for (std::size_t b = 0; b < layout_.blocks; ++b) {
      std::byte* at =
          to + layout_.blocks_at() + b * simd::block_bytes(layout_.groups) + simd::block_rows_at(layout_.groups);
      for (std::size_t j = 0; j < simd::kBlockNeighbours; ++j) {
        std::uint32_t neighbour = kNoRow;
        std::memcpy(&neighbour, at + 4 * j, sizeof neighbour);
        if (neighbour != kNoRow) std::memcpy(at + 4 * j, &numbers[neighbour], sizeof neighbour);
      }
    }
  }
  owned_ = std::move(kept);
  data_ = owned_.data();
  rows_ = rows.size();
  owner_.reset();
}

void GraphRows::decode_point(std::size_t i, float* point) const noexcept {
  float head[3];
  std::memcpy(head, row(i), sizeof head);
  const auto* codes = reinterpret_cast<const std::uint8_t*>(row(i) + 16);
  for (std::size_t d = 0; d < layout_.dims; ++d) point[d] = head[1] + head[2] * static_cast<float>(codes[d]);
}

void GraphRows::neighbours_of(std::size_t i, std::vector<std::uint32_t>& out) const {
  out.clear();
  for (std::size_t b = 0; b < layout_.blocks; ++b) {
    for (const std::uint32_t row : neighbours(i, b)) {
      if (row != kNoRow) out.push_back(row);
    }
  }
}

void GraphRows::write_point(std::size_t i, const float* point) noexcept {
  const std::size_t dims = layout_.dims;
  float low = 0, high = 0;
  simd::kernels().min_max(point, dims, &low, &high);
  const float scale = (high - low) / 255, inverse = scale > 0 ? 1 / scale : 0;
  auto* codes = reinterpret_cast<std::uint8_t*>(own_row(i) + 16);
  double norm = 0;
  for (std::size_t d = 0; d < dims; ++d) {
    const float code = std::clamp(std::nearbyint((point[d] - low) * inverse), 0.0F, 255.0F);
    codes[d] = static_cast<std::uint8_t>(code);
    const double decoded = static_cast<double>(low) + static_cast<double>(scale) * code;
    norm += decoded * decoded;
  }
  const float head[4] = {layout_.products ? 0 : static_cast<float>(norm), low, scale, 0};
  std::memcpy(own_row(i), head, sizeof head);
}

void GraphRows::write_neighbours(std::size_t i, const float* centre, std::span<const std::uint32_t> neighbours,
                                 const PointOf& point, const NeighbourCode& code, Scratch& scratch) noexcept {
  constexpr std::size_t kBlock = simd::kBlockNeighbours;
  QUIVER_CHECK(neighbours.size() <= kBlock * layout_.blocks);
  if (!neighbours.empty()) code.products(centre, scratch.centre);
  for (std::size_t j = 0; j < kBlock * layout_.blocks; ++j) {
    const bool used = j < neighbours.size();
    set_neighbour(i, j, centre, used ? neighbours[j] : kNoRow, used ? point(j) : nullptr, code, scratch);
  }
}

void GraphRows::replace_neighbour(std::size_t i, std::size_t j, const float* centre, std::uint32_t neighbour,
                                  const float* point, const NeighbourCode& code, Scratch& scratch) noexcept {
  code.products(centre, scratch.centre);
  set_neighbour(i, j, centre, neighbour, point, code, scratch);
}

void GraphRows::revise_neighbours(std::size_t i, const float* centre, std::span<const std::uint32_t> neighbours,
                                  const PointOf& point, const NeighbourCode& code, Scratch& scratch) {
  constexpr std::size_t kBlock = simd::kBlockNeighbours;
  QUIVER_CHECK(neighbours.size() <= kBlock * layout_.blocks);
  scratch.stays.assign(neighbours.size(), 0);
  scratch.places.clear();
  for (std::size_t j = 0; j < kBlock * layout_.blocks; ++j) {
    const std::uint32_t held = this->neighbours(i, j / kBlock)[j % kBlock];
    const auto at = std::find(neighbours.begin(), neighbours.end(), held);
    if (held == kNoRow || at == neighbours.end()) {
      scratch.places.push_back(j);
    } else {
      scratch.stays[static_cast<std::size_t>(at - neighbours.begin())] = 1;
    }
  }
  std::size_t next = 0;
  for (std::size_t n = 0; n < neighbours.size(); ++n) {
    if (scratch.stays[n] != 0) continue;
    set_neighbour(i, scratch.places[next++], centre, neighbours[n], point(n), code, scratch);
  }
  for (; next < scratch.places.size(); ++next) {
    set_neighbour(i, scratch.places[next], centre, kNoRow, nullptr, code, scratch);
  }
}

void GraphRows::set_neighbour(std::size_t i, std::size_t j, const float* centre, std::uint32_t neighbour,
                              const float* point, const NeighbourCode& code, Scratch& scratch) noexcept {
  const std::size_t place = j % simd::kBlockNeighbours;
  std::byte* block = own_row(i) + layout_.blocks_at() + j / simd::kBlockNeighbours * simd::block_bytes(layout_.groups);
  if (neighbour == kNoRow) return clear_neighbour(block, place, layout_.groups);
  put_neighbour(block, place, {centre, layout_.dims}, neighbour, point, code, scratch,
                layout_.products ? std::optional(kQueryLength) : std::nullopt);
}

}  // namespace quiver::internal
