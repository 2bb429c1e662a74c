// A graph in a container: its shape, rows, root and codes (docs/reference/formats/index.md).
#include <fmt/format.h>

#include "quiver/core/json.h"
#include "quiver/index/internal/graph_builder.h"

namespace quiver::internal {
namespace {
// Rows of a mapped section, if their bytes are whole rows and every neighbour exists.
Result<GraphRows> map_graph_rows(const Container& file, const std::string& name, GraphLayout layout,
                                 std::optional<std::size_t> of_rows) {
  QUIVER_TRY(const auto bytes, file.section(name));
  if (bytes.size() % layout.row_bytes() != 0) {
    return Error::corruption(
        fmt::format("section '{}' has {} bytes, not a multiple of its {} bytes a row; build the "
                    "index again",
                    name, bytes.size(), layout.row_bytes()));
  }
  GraphRows rows = GraphRows::mapped(layout, bytes, file.owner());
  const std::size_t size = of_rows.value_or(rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t b = 0; b < layout.blocks; ++b) {
      for (std::size_t j = 0; j < simd::kBlockNeighbours; ++j) {
        const std::uint32_t row = rows.neighbours(i, b)[j];
        if (row == kNoRow && rows.unreachable(i, b, j)) continue;
        if (row < size) continue;
        return Error::corruption(fmt::format(
            "section '{}': row {} has row {} of {} as a neighbour; build the index again", name, i, row, size));
      }
    }
  }
  return rows;
}
}  // namespace

void save_graph(ContainerWriter& writer, std::string_view prefix, const Graph& graph) {
  const std::string at(prefix);
  const Json header = {{"groups", graph.rows.layout().groups},
                       {"blocks", graph.rows.layout().blocks},
                       {"entry_blocks", graph.root.layout().blocks}};
  writer.add(at + "shape", dump_json(header));
  writer.add(at + "rows", graph.rows.bytes());
  writer.add(at + "root", graph.root.bytes());
  graph.code.save(writer, at);
}

Result<Graph> load_graph(const Container& file, std::string_view prefix, std::size_t dims, bool products) {
  const std::string at(prefix);
  QUIVER_TRY(const std::string_view text, file.text(at + "shape"));
  GraphLayout layout{dims, 0, 0, products}, root{dims, 0, 0, products};
  const auto read = [&]() -> Result<void> {
    QUIVER_TRY(const Json header, parse_json(text));
    QUIVER_TRY(layout.groups, get<std::size_t>(header, "groups"));
    QUIVER_TRY(layout.blocks, get<std::size_t>(header, "blocks"));
    QUIVER_TRY(root.blocks, get<std::size_t>(header, "entry_blocks"));
    return {};
  };
  const auto shape = read();
  if (!shape.has_value()) {
    return Error::corruption(
        fmt::format("section '{}shape': {}; build the index again", prefix, shape.error().message()));
  }
  root.groups = layout.groups;
  Graph graph;
  QUIVER_TRY(graph.code, NeighbourCode::load(file, prefix));
  const bool sound = layout.groups == graph.code.groups() && graph.code.coded_dims() <= dims && layout.blocks >= 1 &&
                     layout.blocks <= 32 && root.blocks >= 1 && root.blocks <= 4096;
  if (!sound) return Error::corruption("the graph's shape does not fit its codes; build the index again");
  QUIVER_TRY(graph.rows, map_graph_rows(file, at + "rows", layout, std::nullopt));
  QUIVER_TRY(graph.root, map_graph_rows(file, at + "root", root, graph.rows.rows()));
  if (graph.root.rows() != 1) {
    return Error::corruption(fmt::format("the graph has {} roots, not 1; build the index again", graph.root.rows()));
  }
  return graph;
}

}  // namespace quiver::internal
