#include "quiver/index/internal/prune.h"

#include <algorithm>

#include "quiver/simd/kernels.h"

namespace quiver::internal {

void prune(MatrixView points, std::vector<Hit>& candidates, std::size_t most, float slack, PruneScratch& scratch,
           std::vector<std::uint32_t>& out) {
  std::sort(candidates.begin(), candidates.end(), Closer{});
  out.clear();
  const auto distance = simd::kernels().distance(Metric::L2, Element::F32);
  auto& passed = scratch.passed;
  passed.assign(candidates.size(), 0);
  scratch.open.resize(candidates.size());  // positions of candidates in question, and their rows
  scratch.rows.resize(candidates.size());
  scratch.distances.resize(candidates.size());
  std::uint32_t *open = scratch.open.data(), *rows = scratch.rows.data();
  std::size_t count = candidates.size();
  for (std::uint32_t i = 0; i < count; ++i) {
    open[i] = i;
    rows[i] = candidates[i].row;
  }
  while (count > 0 && out.size() < most) {
    const std::uint32_t chosen = rows[0];
    passed[open[0]] = 2;
    out.push_back(chosen);
    ++open, ++rows, --count;
    if (out.size() == most) break;
    distance(points.data + chosen * points.stride, reinterpret_cast<const std::byte*>(points.data),
             points.stride * sizeof(float), rows, count, points.cols, scratch.distances.data());
    std::size_t kept = 0;
    for (std::size_t j = 0; j < count; ++j) {
      const std::uint32_t at = open[j];
      const bool hidden = slack * scratch.distances[j] < candidates[at].distance;
      passed[at] = hidden ? 1 : 0;
      open[kept] = at;
      rows[kept] = rows[j];
      kept += hidden ? 0 : 1;
    }
    count = kept;
  }
  for (std::size_t i = 0; i < candidates.size() && out.size() < most; ++i) {
    if (passed[i] != 2) out.push_back(candidates[i].row);
  }
}

}  // namespace quiver::internal
