// GraphBody: what a graph index holds, as its searches, calibration and updates see it. Inside, rows are counted by
// slots: the same in the graph, the codes and `removed`; row_slots.h says which row lies where.
// Thread-safety: reading from many threads, changing it has one owner.
#pragma once
#include <memory>
#include <vector>

#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_builder.h"
#include "quiver/index/internal/graph_calibration.h"
#include "quiver/index/internal/graph_space.h"
#include "quiver/index/internal/row_slots.h"

namespace quiver::internal {

struct GraphBody {
  Space space;
  GraphSpace short_space;
  Graph graph;
  std::unique_ptr<Codes> codes;  // of the same rows: these order what a walk found
  RowSlots slots;
  Removed removed;                  // slots without a row
  std::vector<std::uint32_t> free;  // of these, rising, the ones that nobody leads to any more
  GraphCalibration calibration;
  Matrix sample_queries;             // what it was calibrated with; no rows: rows of its own
  std::uint64_t since_entries = 0;   // rows added and removed since the root's entries were drawn
  std::uint64_t since_measured = 0;  // and since the calibration

  std::size_t size() const noexcept { return graph.rows.rows(); }  // slots
  std::size_t live() const noexcept { return size() - removed.count(); }
};

}  // namespace quiver::internal
