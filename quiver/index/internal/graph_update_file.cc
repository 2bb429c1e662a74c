// What became of a graph since it was built, in a container (docs/reference/formats/index.md).
#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/json.h"
#include "quiver/index/internal/graph_update.h"

namespace quiver::internal {
namespace {
// Free slots rise, have no row, lead nowhere, and nobody leads to them.
Result<void> check_free(const GraphBody& body) {
  const std::vector<std::uint32_t>& free = body.free;
  const auto is_free = [&](std::uint32_t slot) { return std::binary_search(free.begin(), free.end(), slot); };
  const auto leads_there = [&](const GraphRows& rows, std::size_t i) {
    for (std::size_t b = 0; b < rows.layout().blocks; ++b) {
      for (const std::uint32_t slot : rows.neighbours(i, b)) {
        if (slot != kNoRow &&
            (is_free(slot) || (&rows == &body.graph.rows && is_free(static_cast<std::uint32_t>(i))))) {
          return true;
        }
      }
    }
    return false;
  };
  bool sound = std::is_sorted(free.begin(), free.end()) && std::adjacent_find(free.begin(), free.end()) == free.end() &&
               std::all_of(free.begin(), free.end(),
                           [&](std::uint32_t slot) { return slot < body.size() && body.removed.contains(slot); });
  sound = sound && !leads_there(body.graph.root, 0);
  for (std::size_t i = 0; sound && i < body.size(); ++i) sound = !leads_there(body.graph.rows, i);
  if (sound) return {};
  return Error::corruption("a slot that is said to be free has a row or is led to; build the index again");
}
}  // namespace

void save_churn(ContainerWriter& writer, std::string_view prefix, const GraphBody& body) {
  const std::string at(prefix);
  if (!body.slots.table().empty()) writer.add_array(at + "slots", body.slots.table());
  if (!body.free.empty()) writer.add_array(at + "free", std::span<const std::uint32_t>(body.free));
  if (body.since_entries + body.since_measured > 0) {
    const Json object = {{"since_entries", body.since_entries}, {"since_measured", body.since_measured}};
    writer.add(at + "churn", dump_json(object));
  }
  if (body.sample_queries.rows() > 0) {
    const MatrixView queries = body.sample_queries.view();
    std::string bytes(queries.rows * queries.cols * sizeof(float), '\0');
    for (std::size_t q = 0; q < queries.rows; ++q) {
      std::memcpy(bytes.data() + q * queries.cols * sizeof(float), queries.row(q).data(), queries.cols * sizeof(float));
    }
    writer.add(at + "queries", std::move(bytes));
  }
}

Result<void> load_churn(GraphBody& body, const Container& file, std::string_view prefix, const IndexHeader& header) {
  const std::string at(prefix);
  if (file.has(at + "slots")) {
    QUIVER_TRY(const auto table, file.array<std::uint32_t>(at + "slots"));
    QUIVER_TRY(body.slots, RowSlots::of(table, header.rows).within("section '" + at + "slots'"));
    for (std::size_t slot = 0; slot < table.size(); ++slot) {
      if (table[slot] == RowSlots::kNone) body.removed.insert(slot);
    }
    if (table.size() - body.removed.count() != header.live) {
      return Error::corruption(fmt::format("the slots hold {} rows, the header says {} are live; build the index again",
                                           table.size() - body.removed.count(), header.live));
    }
  } else {
    body.slots = RowSlots(header.rows);
    QUIVER_TRY(body.removed, read_removed(file, header));
  }
  if (file.has(at + "free")) {
    QUIVER_TRY(const auto free, file.array<std::uint32_t>(at + "free"));
    body.free.assign(free.begin(), free.end());
    QUIVER_TRY(check_free(body));
  }
  if (file.has(at + "churn")) {
    QUIVER_TRY(const std::string_view text, file.text(at + "churn"));
    const auto read = [&]() -> Result<void> {
      QUIVER_TRY(const Json object, parse_json(text));
      QUIVER_TRY(body.since_entries, get<std::uint64_t>(object, "since_entries"));
      QUIVER_TRY(body.since_measured, get<std::uint64_t>(object, "since_measured"));
      return {};
    };
    const auto done = read();
    if (!done.has_value()) {
      return Error::corruption(
          fmt::format("section '{}churn': {}; build the index again", prefix, done.error().message()));
    }
  }
  if (file.has(at + "queries")) {
    QUIVER_TRY(const auto floats, file.array<float>(at + "queries"));
    const std::size_t dims = body.space.dims;
    const bool whole = floats.size() % dims == 0 &&
                       std::all_of(floats.begin(), floats.end(), [](float x) { return std::isfinite(x); });
    if (!whole) {
      return Error::corruption(
          fmt::format("section '{}queries' is not rows of {} numbers; build the index again", prefix, dims));
    }
    body.sample_queries = Matrix::copy_of({floats.data(), floats.size() / dims, dims, dims});
  }
  return {};
}

}  // namespace quiver::internal
