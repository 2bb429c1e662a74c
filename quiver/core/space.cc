#include "quiver/core/space.h"

#include <fmt/format.h>

namespace quiver {
namespace {
std::string describe(const Space& space) {
  return fmt::format("{} ({} dims)", space.id.empty() ? "an unnamed space" : "space " + space.id, space.dims);
}
// `part` is declared to be the beginning of `whole`, or both are prefixes of one space.
bool same_beginning(const Space& part, const Space& whole) {
  if (part.prefix_of.empty()) return false;
  return part.prefix_of == whole.id || part.prefix_of == whole.prefix_of;
}
}  // namespace

Result<std::size_t> comparable(const Space& query, const Space& rows) {
  const bool known = !query.id.empty() && !rows.id.empty();
  if (known && query.id != rows.id) {
    if (same_beginning(query, rows) || same_beginning(rows, query)) {
      const std::size_t of_query = query.prefix_dims ? query.prefix_dims : query.dims;
      const std::size_t of_rows = rows.prefix_dims ? rows.prefix_dims : rows.dims;
      return std::min(of_query, of_rows);
    }
    return Error::failed_precondition(
        fmt::format("comparing vectors of {} with rows of {}: two models made them, so distances mean nothing; "
                    "encode both with one model, or learn a map with `quiver align`",
                    describe(query), describe(rows)));
  }
  if (query.dims != rows.dims) {
    return Error::invalid_argument(
        fmt::format("comparing a query of {} dims with rows of {} dims: lengths must agree; "
                    "check which model and which prefix length made each",
                    query.dims, rows.dims));
  }
  return query.dims;
}

}  // namespace quiver
