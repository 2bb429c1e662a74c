// The search of one level of an HNSW graph (Malkov & Yashunin, Algorithm 2): rows wait, the closest is expanded, and
// what it leads to waits too, until nothing that waits is closer than the worst of the `keep` rows kept.
//
//   Hit at = descend(links, scorer, level, walk);                      // from the entry, greedily, to above `level`
//   const TopK found = walk_level(links, scorer, at, level, keep, eligible, walk);
//
// A row that may not be a hit still leads on: `eligible` decides what is kept, not where the walk goes. With few
// eligible rows the walk goes on until `keep` of them are found, so its cost grows as one over their part.
// Thread-safety: free functions over graphs that do not change; `walk` has one owner.
#pragma once
#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/hnsw_links.h"

namespace quiver::internal {

struct HnswWalk {
  Scratch::Worker& memory;
  std::uint64_t distances = 0, hops = 0;
};

// The row the walk stands on after the levels above `level`. Requires: the graph has an entry.
Hit descend(const HnswLinks& links, const Scorer& scorer, unsigned level, HnswWalk& walk);

// The closest eligible rows found on `level` from `from`, at most `keep`.
TopK walk_level(const HnswLinks& links, const Scorer& scorer, Hit from, unsigned level, std::size_t keep,
                const Eligible& eligible, HnswWalk& walk);

}  // namespace quiver::internal
