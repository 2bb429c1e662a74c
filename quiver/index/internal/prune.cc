#include "quiver/index/internal/prune.h"

#include <algorithm>

#include "quiver/simd/kernels.h"

namespace quiver::internal {

void prune(MatrixView points, std::vector<Hit>& candidates, std::size_t most, float slack, PruneScratch& scratch,
           std::vector<std::uint32_t>& out) {
  std::sort(candidates.begin(), candidates.end(), closer);
  // A row that comes twice may come with two distances that differ in their last bits.
  auto& seen = scratch.rows;
  seen.clear();
  for (const Hit& hit : candidates) seen.push_back(hit.row);
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const Hit& a, const Hit& b) { return a.row < b.row; });
    candidates.erase(
        std::unique(candidates.begin(), candidates.end(), [](const Hit& a, const Hit& b) { return a.row == b.row; }),
        candidates.end());
    std::sort(candidates.begin(), candidates.end(), closer);
  }
  out.clear();
  const auto distance = simd::kernels().distance(Metric::L2, Element::F32);
  auto& passed = scratch.passed;
  passed.assign(candidates.size(), 0);
  for (std::size_t i = 0; i < candidates.size() && out.size() < most; ++i) {
    if (passed[i] != 0) continue;
    passed[i] = 2;  // chosen
    out.push_back(candidates[i].row);
    scratch.open.clear();
    scratch.rows.clear();
    for (std::size_t j = i + 1; j < candidates.size(); ++j) {
      if (passed[j] != 0) continue;
      scratch.open.push_back(static_cast<std::uint32_t>(j));
      scratch.rows.push_back(candidates[j].row);
    }
    scratch.distances.resize(scratch.open.size());
    distance(points.data + candidates[i].row * points.stride, reinterpret_cast<const std::byte*>(points.data),
             points.stride * sizeof(float), scratch.rows.data(), scratch.rows.size(), points.cols,
             scratch.distances.data());
    for (std::size_t j = 0; j < scratch.open.size(); ++j) {
      if (slack * scratch.distances[j] < candidates[scratch.open[j]].distance) passed[scratch.open[j]] = 1;
    }
  }
  for (std::size_t i = 0; i < candidates.size() && out.size() < most; ++i) {
    if (passed[i] != 2) out.push_back(candidates[i].row);
  }
}

}  // namespace quiver::internal
