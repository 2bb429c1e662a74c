#include "quiver/index/internal/hnsw_insert.h"

#include <algorithm>

namespace quiver::internal {

std::unique_ptr<Scorer> HnswInserter::scorer_of(std::uint32_t row) {
  codes_.decode_range(row, 1, decoded_.data(), decoded_.stride());
  auto scorer = codes_.scorer(decoded_.view());
  QUIVER_CHECK(scorer.has_value());
  return *std::move(scorer);
}

std::vector<std::uint32_t> HnswInserter::choose(std::vector<Hit> near, std::size_t limit) {
  std::vector<std::uint32_t> chosen, rows;
  const bool all = near.size() < limit;
  while (!near.empty() && chosen.size() < limit) {
    const std::uint32_t next = near.front().row;
    chosen.push_back(next);
    near.erase(near.begin());
    if (all || near.empty() || chosen.size() == limit) continue;
    rows.clear();
    for (const Hit& hit : near) rows.push_back(hit.row);
    distances_.resize(std::max(distances_.size(), rows.size()));
    scorer_of(next)->score(rows, distances_.data());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < near.size(); ++i) {
      if (!(distances_[i] < near[i].distance)) near[kept++] = near[i];
    }
    near.resize(kept);
  }
  return chosen;
}

void HnswInserter::link_back(std::uint32_t row, unsigned level, std::uint32_t neighbour) {
  if (links_.push(row, level, neighbour)) return;
  const auto held = links_.of(row, level);
  std::vector<std::uint32_t> rows(held.begin(), held.end());
  rows.push_back(neighbour);
  distances_.resize(std::max(distances_.size(), rows.size()));
  scorer_of(row)->score(rows, distances_.data());
  TopK near(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) near.offer({rows[i], distances_[i]});
  links_.set(row, level, choose(near.sorted(), links_.capacity(level)));
}

void HnswInserter::insert(std::uint32_t row) {
  if (links_.entry() == kNoEntry) return links_.set_entry(row);
  const std::unique_ptr<Scorer> scorer = scorer_of(row);
  const unsigned level = links_.level(row), top = links_.level(links_.entry());
  HnswWalk walk{memory_};
  Hit at = descend(links_, *scorer, level, walk);
  const Eligible everyone(none_, nullptr);
  for (unsigned on = std::min(level, top) + 1; on-- > 0;) {
    const std::vector<Hit> near = walk_level(links_, *scorer, at, on, effort_, everyone, walk).sorted();
    const std::vector<std::uint32_t> chosen = choose(near, links_.degree());
    links_.set(row, on, chosen);
    for (const std::uint32_t neighbour : chosen) link_back(neighbour, on, row);
    at = near.front();
  }
  if (level > top) links_.set_entry(row);
}

}  // namespace quiver::internal
