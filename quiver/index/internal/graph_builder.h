// GraphBuilder: points become GraphRows. Three steps, none of which inserts rows one by one:
//
//   1. near rows of every row, by matrix products in overlapping leaves (near_lists.h)
//   2. neighbours: pruned near rows, then everyone who chose me is a candidate of mine, pruned again, and written
//   3. `passes` times: every row is searched for in the graph so far; what the walk met joins its candidates, which
//   gives
//      the long edges that lead from the root to it
//
// The result depends on points, options and seed alone, not on threads. Cost, measured:
// docs/explanation/graph-index.md.
#pragma once
#include "quiver/core/random.h"
#include "quiver/index/internal/graph_walk.h"
#include "quiver/index/internal/near_lists.h"

namespace quiver::internal {

struct GraphOptions {
  std::size_t groups = 48, blocks = 1;
  std::size_t entries = 512;  // rows a walk may enter at
  std::size_t near = 64;      // length of near lists
  NearOptions leaves;
  float slack = 1.0F;
  std::size_t passes = 1, effort = 64;
  bool products = false;  // walks go by inner products: graph_rows.h
};

struct Graph {
  NeighbourCode code;
  GraphRows rows, root;
};

// points: in the short space, scaled so that squared distances stay well within f16. Errors: Cancelled.
Result<Graph> build_graph(MatrixView points, const GraphOptions& options, Run& run);

// `wanted` of `rows` for walks to enter at. With the lengths of rows, for inner products, the likelier the longer a row
// is, by the fourth power: few but long rows are ever the answer.
std::vector<std::uint32_t> draw_entries(std::size_t rows, std::span<const float> lengths, std::size_t wanted,
                                        Random& random);

// The root whose neighbours are these entries; entry j stands at point(j). Requires: graph.rows and graph.code are
// there.
GraphRows root_of(const Graph& graph, std::span<const std::uint32_t> entries, const GraphRows::PointOf& point);

// Sections that begin with `prefix`: docs/reference/formats/index.md. Rows are mapped, not read. Errors of load:
// Corruption (sizes that do not agree, a neighbour that does not exist).
void save_graph(ContainerWriter& writer, std::string_view prefix, const Graph& graph);
Result<Graph> load_graph(const Container& file, std::string_view prefix, std::size_t dims, bool products);

}  // namespace quiver::internal
