// Rows added to a finished graph: each is searched for, gets pruned neighbours, and is offered to them. A neighbour
// whose places are all taken gives up the one that the new row stands in front of; only that place is written again,
// the codes beside it stay as they are. No row that was there before moves. Thread-safety: one owner, no readers. Cost:
// about what a row of the first build costs.
#pragma once
#include "quiver/index/internal/graph_builder.h"

namespace quiver::internal {

// points: the new rows in the short space; they become rows graph.rows.rows() and on.
void add_to_graph(Graph& graph, MatrixView points, float slack);

}  // namespace quiver::internal
