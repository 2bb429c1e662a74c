#include "quiver/index/internal/graph_insert.h"

#include <algorithm>
#include <numeric>

namespace quiver::internal {
namespace {
constexpr std::size_t kWanted = 32, kHops = 96;
constexpr float kWalkSlack = 1.2F;

float squared_distance(const float* a, const float* b, std::size_t dims) noexcept {
  float out = 0;
  simd::kernels().distance(Metric::L2, Element::F32)(a, reinterpret_cast<const std::byte*>(b), 0, nullptr, 1, dims,
                                                     &out);
  return out;
}
}  // namespace

GraphInserter::GraphInserter(Graph& graph, const Removed& removed, float slack)
    : graph_(graph), live_(removed, nullptr), slack_(slack), centre_(1, dims()), near_(dims(), products()) {
  graph_.rows.grow(0);  // ours to write, even if they were mapped
}

std::uint32_t GraphInserter::neighbour(std::size_t owner, std::size_t place) const noexcept {
  return graph_.rows.neighbours(owner, place / simd::kBlockNeighbours)[place % simd::kBlockNeighbours];
}

void GraphInserter::insert(std::span<const std::uint32_t> slots, MatrixView points) {
  for (std::size_t first = 0; first < slots.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, slots.size() - first);
    link(slots.subspan(first, count), points.slice(first, count));
  }
}

void GraphInserter::insert_again(std::uint32_t slot) {
  Matrix point(1, dims());
  graph_.rows.decode_point(slot, point.row(0).data());
  link({&slot, 1}, point.view());
}

void GraphInserter::link(std::span<const std::uint32_t> slots, MatrixView points) {
  find(slots, points);
  for (std::size_t i = 0; i < slots.size(); ++i) graph_.rows.write_point(slots[i], points.row(i).data());
  for (std::size_t i = 0; i < slots.size(); ++i) choose(i, slots, points);
  for (std::size_t i = 0; i < slots.size(); ++i) offer_to_chosen(slots[i], points.row(i).data(), chosen_[i]);
}

// Several walks take turns: each mostly waits for memory.
void GraphInserter::find(std::span<const std::uint32_t> slots, MatrixView points) {
  WalkLimits limits{.wanted = kWanted, .slack = kWalkSlack, .hops = kHops};
  if (!live_.all()) limits.eligible = &live_;
  for (std::size_t first = 0; first < slots.size(); first += kInTurn) {
    const std::size_t count = std::min(kInTurn, slots.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      const float* point = points.row(first + i).data();
      graph_.code.tables(point, walks_[i].scratch());
      limits.without = slots[first + i];
      walks_[i].start(graph_.rows, graph_.root, point, limits);
    }
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t i = 0; i < count; ++i) busy |= walks_[i].hop();
    }
    for (std::size_t i = 0; i < count; ++i) {
      met_[first + i].assign(walks_[i].met().begin(), walks_[i].met().end());
    }
  }
}

// The neighbours of row i of those that came together: from what its walk met, and from the others.
void GraphInserter::choose(std::size_t i, std::span<const std::uint32_t> slots, MatrixView points) {
  const std::vector<Hit>& met = met_[i];
  near_.room_for(met.size() + slots.size());
  candidates_.clear();
  rows_.clear();
  const float* point = points.row(i).data();
  const float* centre = placed(point);
  const auto consider = [&](std::uint32_t row, float distance) {
    candidates_.push_back({static_cast<std::uint32_t>(rows_.size()), distance});
    rows_.push_back(row);
  };
  for (const Hit& hit : met) {
    graph_.rows.decode_point(hit.row, near_.point(rows_.size()));
    near_.place(rows_.size());
    // A walk by products has met what a query of this direction would look for.
    consider(hit.row,
             products() ? squared_distance(centre, near_.placed().row(rows_.size()).data(), dims()) : hit.distance);
  }
  for (std::size_t other = 0; other < slots.size(); ++other) {
    if (other == i) continue;
    near_.put(rows_.size(), points.row(other).data());
    consider(slots[other], squared_distance(centre, near_.placed().row(rows_.size()).data(), dims()));
  }
  prune(near_.placed(), candidates_, degree(), slack_, prune_, picked_);
  chosen_[i].clear();
  for (const std::uint32_t n : picked_) chosen_[i].push_back(rows_[n]);
  graph_.rows.write_neighbours(
      slots[i], point, chosen_[i], [&](std::size_t j) { return near_.point(picked_[j]); }, graph_.code, codes_);
}

// The point where edges are chosen; until the next one.
const float* GraphInserter::placed(const float* point) {
  if (!products()) return point;
  placed_.assign(point, point + dims());
  place_for_edges(true, placed_);
  return placed_.data();
}

void GraphInserter::offer_to_chosen(std::uint32_t row, const float* point, std::span<const std::uint32_t> chosen) {
  for (const std::uint32_t owner : chosen) graph_.rows.prefetch(owner);
  bool taken = chosen.empty();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i + 1 < chosen.size()) prefetch_neighbours(chosen[i + 1]);
    taken |= offer(chosen[i], row, point);
  }
  if (!taken) insist(chosen.front(), row, point);
}

void GraphInserter::prefetch_neighbours(std::uint32_t owner) const noexcept {
  for (std::size_t j = 0; j < degree(); ++j) {
    const std::uint32_t held = neighbour(owner, j);
    if (held != kNoRow) graph_.rows.prefetch_point(held);
  }
}

// Whether some neighbour of `row` other than `owner` leads to it, as most do.
bool GraphInserter::led_to_by_another(std::uint32_t owner, std::uint32_t row) const noexcept {
  for (std::size_t j = 0; j < degree(); ++j) {
    const std::uint32_t other = neighbour(row, j);
    if (other == kNoRow || other == owner) continue;
    for (std::size_t i = 0; i < degree(); ++i) {
      if (neighbour(other, i) == row) return true;
    }
  }
  return false;
}

// Row `owner` may take `row`, which stands at `point`, among its neighbours; false if it does not lead there.
bool GraphInserter::offer(std::uint32_t owner, std::uint32_t row, const float* point) {
  const std::size_t all = degree();
  std::size_t place = all;
  for (std::size_t j = 0; j < all; ++j) {
    const std::uint32_t held = neighbour(owner, j);
    if (held == row) return true;
    if (held == kNoRow && place == all) place = j;
  }
  float* centre = centre_.row(0).data();
  graph_.rows.decode_point(owner, centre);
  if (place == all) {
    place = spare(owner, centre, point);
    if (place == all) return false;
  }
  graph_.rows.replace_neighbour(owner, place, centre, row, point, graph_.code, codes_);
  return true;
}

// Which of the full list of `owner`, or else the new row (degree()), is one too many: the furthest that a closer one
// stands in front of, as pruning all of them would have it; if there is none, the furthest. Not one that nobody else
// seems to lead to. point null: the new one stays.
std::size_t GraphInserter::spare(std::uint32_t owner, const float* centre, const float* point) {
  const std::size_t all = degree(), count = all + (point != nullptr ? 1 : 0);
  near_.room_for(all + 1);
  for (std::size_t j = 0; j < all; ++j) {
    graph_.rows.decode_point(neighbour(owner, j), near_.point(j));
    near_.place(j);
  }
  if (point != nullptr) near_.put(all, point);
  const MatrixView near = near_.placed();
  const auto distances_from = [&](const float* from, std::vector<float>& out) {
    out.resize(count);
    simd::kernels().distance(Metric::L2, Element::F32)(from, reinterpret_cast<const std::byte*>(near.data),
                                                       near.stride * sizeof(float), nullptr, count, dims(), out.data());
  };
  const auto needed = [&](std::size_t j) { return j < all && !led_to_by_another(owner, neighbour(owner, j)); };
  distances_from(placed(centre), from_owner_);
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), 0U);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return from_owner_[a] != from_owner_[b] ? from_owner_[a] > from_owner_[b] : a > b;
  });
  for (const std::uint32_t far : order_) {
    distances_from(near.row(far).data(), from_row_);
    bool hidden = false;
    for (std::size_t j = 0; j < count && !hidden; ++j) {
      hidden = from_owner_[j] < from_owner_[far] && slack_ * from_row_[j] < from_owner_[far];
    }
    if (hidden && !needed(far)) return far;
  }
  for (const std::uint32_t far : order_) {
    if (!needed(far)) return far;
  }
  return order_.front();
}

// Nobody took `row`, and yet someone must lead to it: the nearest row does, instead of one that it can spare.
void GraphInserter::insist(std::uint32_t owner, std::uint32_t row, const float* point) {
  float* centre = centre_.row(0).data();
  graph_.rows.decode_point(owner, centre);  // all its places are taken, else it would have taken the row
  graph_.rows.replace_neighbour(owner, spare(owner, centre, nullptr), centre, row, point, graph_.code, codes_);
}

}  // namespace quiver::internal
