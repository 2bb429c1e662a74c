#include "quiver/index/internal/graph_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "quiver/index/internal/graph_insert.h"
#include "quiver/index/internal/graph_repair.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kDeadShare = 10;     // repaired when one slot in so many is dead
constexpr std::size_t kDrawnShare = 4;     // entries are drawn again when one row in so many changed
constexpr std::size_t kMeasuredShare = 2;  // and recall is measured again when one row in so many did
constexpr std::size_t kLeastPiece = 64;    // rows linked between two looks at the entries

void draw_entries(GraphBody& body) {
  enter_by(body.graph, body.removed, body.slots.rows());
  body.since_entries = 0;
}

// Every removed slot becomes free.
void repair(GraphBody& body) {
  std::vector<std::uint32_t> dead, gone;  // both rising
  for (std::size_t slot = 0; slot < body.size(); ++slot) {
    if (body.removed.contains(slot)) gone.push_back(static_cast<std::uint32_t>(slot));
  }
  std::set_difference(gone.begin(), gone.end(), body.free.begin(), body.free.end(), std::back_inserter(dead));
  draw_entries(body);
  repair_graph(body.graph, body.removed, dead, GraphOptions{}.slack);
  body.free = std::move(gone);
}

Result<void> changed(GraphBody& body, std::size_t rows, Run* run) {
  body.since_measured += rows;
  if (body.since_measured * kMeasuredShare < body.live() || body.live() == 0) return {};
  Run own({.seed = 1, .threads = 1});
  Run& used = run != nullptr ? *run : own;
  QUIVER_TRY(body.calibration, calibrate_again(body, used));
  body.since_measured = 0;
  return {};
}

// Slots for the next rows: free ones first, then new ones.
std::vector<std::uint32_t> next_slots(const GraphBody& body, std::size_t count) {
  const std::size_t again = std::min(count, body.free.size());
  std::vector<std::uint32_t> slots(count);
  std::copy_n(body.free.begin(), again, slots.begin());
  std::iota(slots.begin() + static_cast<std::ptrdiff_t>(again), slots.end(), static_cast<std::uint32_t>(body.size()));
  return slots;
}

// Rows whose codes were appended move to where their slots say.
void settle_codes(Codes& codes, std::span<const std::uint32_t> slots, std::size_t before) {
  if (slots.empty() || slots.front() == before) return;
  std::size_t end = before;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    codes.overwrite(slots[i], before + i);
    end = std::max<std::size_t>(end, slots[i] + 1);
  }
  codes.truncate(end);
}

void link(GraphBody& body, std::span<const std::uint32_t> slots, MatrixView points) {
  const auto first_new = std::lower_bound(slots.begin(), slots.end(), body.size());
  // Slots rise within the free ones and within the new ones, and every new one is above every free one.
  const auto again = static_cast<std::size_t>(first_new - slots.begin());
  body.slots.place(slots, [&](std::size_t slot) { return body.removed.contains(slot); });
  body.graph.rows.grow(slots.size() - again);
  for (const std::uint32_t slot : slots) body.removed.erase(slot);
  body.free.erase(body.free.begin(), body.free.begin() + static_cast<std::ptrdiff_t>(again));
  GraphInserter(body.graph, body.removed, GraphOptions{}.slack).insert(slots, points);
  body.since_entries += slots.size();
  if (body.since_entries * kDrawnShare >= body.live()) draw_entries(body);
}
}  // namespace

Result<void> add_rows(GraphBody& body, const RowsView& rows, const DenseInput& input) {
  const std::size_t count = input.rows(), before = body.size();
  if (count == 0) return {};
  const std::size_t more = count - std::min(count, body.free.size());
  if (before + more >= kNoRow) {
    return Error::invalid_argument(
        fmt::format("adding {} rows to {}: a graph holds at most {}", count, before, kNoRow - 1));
  }
  if (body.slots.rows() + count >= RowSlots::kNone) {
    return Error::invalid_argument(
        fmt::format("adding {} rows: after {} there are no more row numbers; compact the "
                    "index",
                    count, body.slots.rows()));
  }
  QUIVER_TRY(body.codes->append(rows));
  const std::vector<std::uint32_t> slots = next_slots(body, count);
  settle_codes(*body.codes, slots, before);
  Matrix scratch;
  // Pieces that grow with the graph, so that its entries keep up with it.
  for (std::size_t first = 0; first < count;) {
    const std::size_t piece = std::min(count - first, std::max(kLeastPiece, body.live() / kDrawnShare));
    const Matrix points = body.short_space.points(input.floats(first, piece, scratch), nullptr);
    link(body, std::span(slots).subspan(first, piece), points.view());
    first += piece;
  }
  return changed(body, count, nullptr);
}

Result<void> remove_rows(GraphBody& body, std::span<const std::uint32_t> rows) {
  QUIVER_TRY(remove_rows(body.removed, rows, body.slots.rows(), &body.slots));
  for (const std::uint32_t row : rows) body.slots.release(*body.slots.slot_of(row));
  body.since_entries += rows.size();
  const std::size_t dead = body.removed.count() - body.free.size();
  if (dead * kDeadShare >= body.size()) {
    repair(body);
  } else if (body.since_entries * kDrawnShare >= body.live()) {
    draw_entries(body);
  }
  return changed(body, rows.size(), nullptr);
}

Result<std::vector<std::uint32_t>> compact(GraphBody& body, Run& run) {
  if (run.stop()) return run.stopped("compacting a graph");
  if (body.removed.count() > body.free.size()) repair(body);
  std::vector<std::uint32_t> slots, rows;  // in the order of rows
  for (std::size_t row = 0; row < body.slots.rows(); ++row) {
    const auto slot = body.slots.slot_of(row);
    if (!slot || body.removed.contains(*slot)) continue;
    slots.push_back(*slot);
    rows.push_back(static_cast<std::uint32_t>(row));
  }
  std::vector<std::uint32_t> numbers(body.size(), kNoRow);
  for (std::size_t i = 0; i < slots.size(); ++i) numbers[slots[i]] = static_cast<std::uint32_t>(i);
  constexpr std::uint32_t kRoot = 0;
  body.graph.rows.keep(slots, numbers);
  body.graph.root.keep({&kRoot, 1}, numbers);
  body.codes->keep(slots);
  body.slots = RowSlots(slots.size());
  body.removed = {};
  body.free.clear();
  return rows;
}

}  // namespace quiver::internal
