#include "quiver/index/internal/hnsw_walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quiver::internal {
namespace {
struct Further {
  bool operator()(const Hit& a, const Hit& b) const noexcept { return closer(b, a); }
};

// Distances of memory.numbers into memory.floats. One that is not a number is as far as can be.
void measure(const Scorer& scorer, HnswWalk& walk) {
  auto& floats = walk.memory.floats;
  const auto& rows = walk.memory.numbers;
  if (floats.size() < rows.size()) floats.resize(rows.size());
  scorer.score(rows, floats.data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::isnan(floats[i])) floats[i] = std::numeric_limits<float>::infinity();
  }
  walk.distances += rows.size();
}
}  // namespace

Hit descend(const HnswLinks& links, const Scorer& scorer, unsigned level, HnswWalk& walk) {
  auto& rows = walk.memory.numbers;
  rows.assign(1, links.entry());
  measure(scorer, walk);
  Hit at{links.entry(), walk.memory.floats[0]};
  for (unsigned on = links.level(links.entry()); on > level; --on) {
    for (bool moved = true; moved;) {
      moved = false;
      const auto neighbours = links.of(at.row, on);
      ++walk.hops;
      rows.assign(neighbours.begin(), neighbours.end());
      measure(scorer, walk);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!(walk.memory.floats[i] < at.distance)) continue;
        at = {rows[i], walk.memory.floats[i]};
        moved = true;
      }
    }
  }
  return at;
}

TopK walk_level(const HnswLinks& links, const Scorer& scorer, Hit from, unsigned level, std::size_t keep,
                const Eligible& eligible, HnswWalk& walk) {
  Scratch::Worker& memory = walk.memory;
  auto& floats = memory.floats;
  auto& rows = memory.numbers;
  auto& waiting = memory.hits;
  TopK best(keep);
  const auto worth = [&](float distance) { return best.size() < keep || distance < best.threshold(); };
  memory.visited.start(links.rows());
  memory.visited.insert(from.row);
  waiting.assign(1, from);
  if (eligible(from.row)) best.offer(from);
  while (!waiting.empty()) {
    const Hit at = waiting.front();
    if (best.size() == keep && at.distance > best.threshold()) break;
    std::pop_heap(waiting.begin(), waiting.end(), Further());
    waiting.pop_back();
    rows.clear();
    ++walk.hops;
    for (const std::uint32_t next : links.of(at.row, level)) {
      if (memory.visited.insert(next)) rows.push_back(next);
    }
    measure(scorer, walk);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!worth(floats[i])) continue;
      const Hit hit{rows[i], floats[i]};
      waiting.push_back(hit);
      links.prefetch(hit.row, level);  // it may be the next to be expanded
      std::push_heap(waiting.begin(), waiting.end(), Further());
      if (eligible.all() || eligible(hit.row)) best.offer(hit);
    }
  }
  return best;
}

}  // namespace quiver::internal
