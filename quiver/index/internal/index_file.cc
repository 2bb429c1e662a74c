#include "quiver/index/internal/index_file.h"

#include <fmt/format.h>

#include "quiver/core/space_json.h"

namespace quiver::internal {

void save_index_header(ContainerWriter& writer, const IndexHeader& header, const Removed& removed) {
  const Json object = {
      {"spec", header.spec}, {"space", space_to_json(header.space)}, {"rows", header.rows}, {"live", header.live}};
  writer.add("index", dump_json(object));
  if (removed.count() > 0) writer.add_array("removed", removed.words());
}

Result<IndexHeader> read_index_header(const Container& file) {
  QUIVER_TRY(const std::string_view text, file.text("index"));
  const auto read = [&]() -> Result<IndexHeader> {
    IndexHeader header;
    QUIVER_TRY(const Json object, parse_json(text));
    QUIVER_TRY(header.spec, get<std::string>(object, "spec"));
    QUIVER_TRY(const Json space, get<Json>(object, "space"));
    QUIVER_TRY(header.space, space_from_json(space));
    QUIVER_TRY(header.rows, get<std::size_t>(object, "rows"));
    QUIVER_TRY(header.live, get<std::size_t>(object, "live"));
    return header;
  };
  auto header = read();
  if (header.has_value()) return header;
  return Error::corruption("section 'index' is not an index's header: " + header.error().message() +
                           "; build the index again");
}

Result<Removed> read_removed(const Container& file, const IndexHeader& header) {
  Removed removed;
  if (file.has("removed")) {
    QUIVER_TRY(const std::span<const std::uint64_t> words, file.array<std::uint64_t>("removed"));
    removed = Removed(words);
    bool within = words.size() <= (header.rows + 63) / 64;
    if (within && words.size() * 64 > header.rows)
      within = words.back() >> (64 - (words.size() * 64 - header.rows)) == 0;
    if (!within)
      return Error::corruption("section 'removed' names rows the index does not have; build the index again");
  }
  if (header.rows - removed.count() != header.live) {
    return Error::corruption(
        fmt::format("the index has {} rows and {} removed, its header says {} are live; build the "
                    "index again",
                    header.rows, removed.count(), header.live));
  }
  return removed;
}

}  // namespace quiver::internal
