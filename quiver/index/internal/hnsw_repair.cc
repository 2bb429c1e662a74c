#include "quiver/index/internal/hnsw_repair.h"

#include <algorithm>

namespace quiver::internal {
namespace {
constexpr std::size_t kMostGone = 128;  // removed rows looked through for one list
constexpr int kMostRounds = 3;          // whoever is given a place pushes out another one

class HnswRepairer {
 public:
  HnswRepairer(HnswLinks& links, const Codes& codes, const Removed& removed, std::size_t effort)
      : links_(links), removed_(removed), inserter_(codes, links, effort) {}

  // The row leads to live rows only. False if it leads nowhere.
  bool repair(std::uint32_t row) {
    for (unsigned on = 0; on <= links_.level(row); ++on) {
      look_around(row, on);
      if (gone_.empty()) continue;
      inserter_.extend(row, on, kept_, others_);
      for (const std::uint32_t taken : links_.of(row, on).subspan(kept_.size())) new_.push_back({row, taken, on});
    }
    return !links_.of(row, 0).empty();
  }

  // Whoever was taken in leads back, where there is room.
  void lead_back() {
    for (const auto& [from, to, level] : new_) {
      const auto held = links_.of(to, level);
      if (std::find(held.begin(), held.end(), from) == held.end()) links_.push(to, level, from);
    }
    new_.clear();
  }

  void link(std::uint32_t row) { inserter_.link(row); }

  // Links lead from the entry to every live row, unless one that was given a place pushed another one out. False if
  // they did so before. Stops early where the run does.
  bool connect(std::span<const std::uint32_t> live, const Run& run) {
    seen_.start(links_.rows());
    reach(links_.entry());
    bool changed = false;
    for (const std::uint32_t row : live) {
      if (run.stop()) return changed;
      if (!seen_.insert(row)) continue;
      inserter_.link(row, true);
      reach(row);
      changed = true;
    }
    return changed;
  }

 private:
  struct Link {
    std::uint32_t from, to;
    unsigned level;
  };

  void reach(std::uint32_t from) {
    std::vector<std::uint32_t> waiting{from};
    seen_.insert(from);
    while (!waiting.empty()) {
      const std::uint32_t at = waiting.back();
      waiting.pop_back();
      for (unsigned on = 0; on <= links_.level(at); ++on) {
        for (const std::uint32_t next : links_.of(at, on)) {
          if (seen_.insert(next)) waiting.push_back(next);
        }
      }
    }
  }

  // A row's neighbours, live and removed, and the live rows that lie behind the removed ones.
  void look_around(std::uint32_t row, unsigned level) {
    kept_.clear();
    gone_.clear();
    others_.clear();
    for (const std::uint32_t next : links_.of(row, level)) (removed_.contains(next) ? gone_ : kept_).push_back(next);
    if (gone_.empty()) return;
    seen_.start(links_.rows());
    seen_.insert(row);
    for (const std::uint32_t next : links_.of(row, level)) seen_.insert(next);
    for (std::size_t i = 0; i < std::min(gone_.size(), kMostGone); ++i) {
      for (const std::uint32_t next : links_.of(gone_[i], level)) {
        if (seen_.insert(next)) (removed_.contains(next) ? gone_ : others_).push_back(next);
      }
    }
  }

  HnswLinks& links_;
  const Removed& removed_;
  HnswInserter inserter_;
  Visited seen_;
  std::vector<std::uint32_t> kept_, gone_, others_;
  std::vector<Link> new_;
};

// The first row of the highest level that is left.
std::uint32_t entry_of(const HnswLinks& links, std::span<const std::uint32_t> live) {
  return *std::max_element(live.begin(), live.end(),
                           [&](std::uint32_t a, std::uint32_t b) { return links.level(a) < links.level(b); });
}
}  // namespace

Result<void> repair_links(HnswLinks& links, const Codes& codes, const Removed& removed, std::size_t effort, Run& run) {
  const std::vector<std::uint32_t> live = rows_left(removed, links.rows());
  if (live.empty() || removed.count() == 0) return {};
  HnswRepairer repairer(links, codes, removed, effort);
  auto stage = run.stage("repairing links", live.size());
  std::vector<std::uint32_t> alone;
  for (const std::uint32_t row : live) {
    if (run.stop()) return run.stopped("repairing links");
    if (!repairer.repair(row)) alone.push_back(row);
    stage.advance();
  }
  repairer.lead_back();
  if (removed.contains(links.entry())) links.set_entry(entry_of(links, live));
  for (const std::uint32_t row : alone) repairer.link(row);
  for (int round = 0; round < kMostRounds && repairer.connect(live, run); ++round) {
  }
  if (run.stop()) return run.stopped("repairing links");
  return {};
}

}  // namespace quiver::internal
