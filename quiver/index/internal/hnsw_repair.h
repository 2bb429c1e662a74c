// Removed rows leave an HNSW graph: whoever led to one keeps its other neighbours and takes in their places, closest
// first, what the removed ones led to, unless one that it has hides it (hnsw_insert.h); these lead back where they have
// room. Rows that no walk gets to any more are searched for, and somebody near leads there. If the entry is gone,
// another row of the highest level is it.
//
//   HnswLinks left = links;
//   QUIVER_TRY(repair_links(left, codes, removed, effort, run));
//   left.keep(rows_left(removed, left.rows()));               // hnsw_links.h: and numbers anew
//
// Afterwards no live row leads to a removed one, and links lead from the entry to every live row (but maybe among
// copies of one row, which nothing tells apart). The result depends on links, codes, removed and effort alone.
// Thread-safety: one owner. Cost: for every list that named a removed row, up to 2 M + `effort` distances and as many
// again for each of its neighbours.
#pragma once
#include "quiver/core/run.h"
#include "quiver/index/internal/hnsw_insert.h"

namespace quiver::internal {

// Requires: every decoded row is finite. Errors: Cancelled; then `links` are to be thrown away.
Result<void> repair_links(HnswLinks& links, const Codes& codes, const Removed& removed, std::size_t effort, Run& run);

}  // namespace quiver::internal
