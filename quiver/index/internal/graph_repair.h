// Rows leave a graph. At first a removed row only stops being a hit and goes on leading to others; when they have
// become many, all of them are taken out at once (after FreshDiskANN: Singh et al., 2021): whoever led to a removed row
// gets its neighbours as candidates instead, closest by their codes first, prunes them with those it keeps, and writes
// only the places that changed. Then the removed rows' slots are free for others.
//
//   enter_by(graph, removed, seed);                  // the root leads to live rows only
//   repair_graph(graph, removed, dead, slack);       // dead: removed slots that others may still lead to
//
// Afterwards no live row leads to a removed one, and somebody leads to every live row. The result depends on the graph
// alone. Thread-safety: one owner, no readers. Cost: about 20 microseconds for every row that led to a removed one.
#pragma once
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_builder.h"

namespace quiver::internal {

// Walks begin at a fresh sample of the live rows.
void enter_by(Graph& graph, const Removed& removed, std::uint64_t seed);

// Requires: enter_by() came before.
void repair_graph(Graph& graph, const Removed& removed, std::span<const std::uint32_t> dead, float slack);

}  // namespace quiver::internal
