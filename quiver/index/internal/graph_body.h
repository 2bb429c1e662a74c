// GraphBody: what a graph index holds, as its searches, calibration and updates see it. Row numbers are one and the
// same in the graph and in the codes. Thread-safety: reading from many threads, changing it has one owner.
#pragma once
#include <memory>

#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_builder.h"
#include "quiver/index/internal/graph_calibration.h"
#include "quiver/index/internal/graph_space.h"

namespace quiver::internal {

struct GraphBody {
  Space space;
  GraphSpace short_space;
  Graph graph;
  std::unique_ptr<Codes> codes;  // of the same rows: these order what a walk found
  GraphCalibration calibration;
  Removed removed;

  std::size_t size() const noexcept { return graph.rows.rows(); }
  std::size_t live() const noexcept { return size() - removed.count(); }
};

}  // namespace quiver::internal
