#include "quiver/index/internal/hnsw_insert.h"

#include <algorithm>

namespace quiver::internal {

std::unique_ptr<Scorer> HnswInserter::scorer_of(std::uint32_t row) {
  codes_.decode_range(row, 1, decoded_.data(), decoded_.stride());
  auto scorer = codes_.scorer(decoded_.view());
  QUIVER_CHECK(scorer.has_value());
  return *std::move(scorer);
}

bool HnswInserter::leads(std::uint32_t row, unsigned level, std::uint32_t neighbour) const noexcept {
  const auto held = links_.of(row, level);
  return std::find(held.begin(), held.end(), neighbour) != held.end();
}

// At most `limit` of these rows, closest to `row` first.
std::vector<Hit> HnswInserter::by_distance(std::uint32_t row, std::span<const std::uint32_t> rows, std::size_t limit) {
  distances_.resize(std::max(distances_.size(), rows.size()));
  scorer_of(row)->score(rows, distances_.data());
  TopK near(std::min(limit, rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) near.offer({rows[i], distances_[i]});
  return near.sorted();
}

// Leaves out what is closer to `by` than to the row whose neighbours are chosen.
void HnswInserter::drop_hidden(std::vector<Hit>& near, std::uint32_t by) {
  if (near.empty()) return;
  rows_.clear();
  for (const Hit& hit : near) rows_.push_back(hit.row);
  distances_.resize(std::max(distances_.size(), rows_.size()));
  scorer_of(by)->score(rows_, distances_.data());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < near.size(); ++i) {
    if (!(distances_[i] < near[i].distance)) near[kept++] = near[i];
  }
  near.resize(kept);
}

std::vector<std::uint32_t> HnswInserter::choose(std::vector<Hit> near, std::size_t limit) {
  std::vector<std::uint32_t> chosen;
  const bool all = near.size() < limit;
  while (!near.empty() && chosen.size() < limit) {
    chosen.push_back(near.front().row);
    near.erase(near.begin());
    if (!all && chosen.size() < limit) drop_hidden(near, chosen.back());
  }
  return chosen;
}

void HnswInserter::link_back(std::uint32_t row, unsigned level, std::uint32_t neighbour) {
  if (leads(row, level, neighbour) || links_.push(row, level, neighbour)) return;
  const auto held = links_.of(row, level);
  std::vector<std::uint32_t> rows(held.begin(), held.end());
  rows.push_back(neighbour);
  links_.set(row, level, choose(by_distance(row, rows, rows.size()), links_.capacity(level)));
}

// On the lowest level, instead of the furthest of the full list of `owner` that another one of it leads to.
void HnswInserter::give_place(std::uint32_t owner, std::uint32_t row) {
  const auto held = links_.of(owner, 0);
  std::vector<std::uint32_t> list(held.begin(), held.end());
  const std::vector<Hit> near = by_distance(owner, list, list.size());
  const auto spare = std::find_if(near.rbegin(), near.rend(), [&](const Hit& hit) {
    return std::any_of(list.begin(), list.end(), [&](std::uint32_t other) { return leads(other, 0, hit.row); });
  });
  std::replace(list.begin(), list.end(), spare != near.rend() ? spare->row : near.back().row, row);
  links_.set(owner, 0, list);
}

void HnswInserter::link(std::uint32_t row, bool insist) {
  const std::unique_ptr<Scorer> scorer = scorer_of(row);
  const unsigned level = links_.level(row), top = links_.level(links_.entry());
  HnswWalk walk{memory_};
  Hit at = descend(links_, *scorer, level, walk);
  const Eligible everyone(none_, nullptr);
  for (unsigned on = std::min(level, top) + 1; on-- > 0;) {
    std::vector<Hit> near = walk_level(links_, *scorer, at, on, effort_, everyone, walk).sorted();
    at = near.front();
    std::erase_if(near, [&](const Hit& hit) { return hit.row == row; });
    const std::vector<std::uint32_t> chosen = choose(std::move(near), links_.degree());
    for (const std::uint32_t neighbour : chosen) {
      if (!leads(row, on, neighbour)) links_.push(row, on, neighbour);
      link_back(neighbour, on, row);
    }
    const auto took_it = [&](std::uint32_t neighbour) { return leads(neighbour, on, row); };
    if (insist && on == 0 && !chosen.empty() && std::none_of(chosen.begin(), chosen.end(), took_it)) {
      give_place(chosen.front(), row);
    }
  }
}

void HnswInserter::insert(std::uint32_t row) {
  if (links_.entry() == kNoEntry) return links_.set_entry(row);
  const unsigned top = links_.level(links_.entry());
  link(row);
  if (links_.level(row) > top) links_.set_entry(row);
}

void HnswInserter::extend(std::uint32_t row, unsigned level, std::span<const std::uint32_t> kept,
                          std::span<const std::uint32_t> others) {
  std::vector<std::uint32_t> list(kept.begin(), kept.end());
  const std::size_t room = links_.capacity(level) - list.size();
  std::vector<Hit> near = by_distance(row, others, std::max(effort_, room));
  for (const std::uint32_t by : kept) drop_hidden(near, by);
  for (const std::uint32_t chosen : choose(std::move(near), room)) list.push_back(chosen);
  links_.set(row, level, list);
}

}  // namespace quiver::internal
