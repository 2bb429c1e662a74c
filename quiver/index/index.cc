#include "quiver/index/index.h"

#include <fmt/format.h>

namespace quiver {
namespace {
// The first `dims` coordinates of dense queries.
Result<RowsView> prefix_of(const RowsView& rows, std::size_t dims) {
  if (const auto* matrix = std::get_if<MatrixView>(&rows)) return RowsView(matrix->prefix(dims));
  if (const auto* typed = std::get_if<TypedView>(&rows); typed != nullptr && typed->element != Element::Bit) {
    TypedView prefix = *typed;
    prefix.dims = dims;
    prefix.bytes = prefix.bytes.prefix(bytes_of(typed->element, dims));
    return RowsView(prefix);
  }
  return Error::unsupported(fmt::format("searching by the first {} coordinates of {} queries; give queries of {} dims",
                                        dims, name_of(form_of(rows)), dims));
}
}  // namespace

Scratch::Worker& Scratch::worker(unsigned number) {
  while (workers_.size() <= number) workers_.push_back(std::make_unique<Worker>());
  return *workers_[number];
}

Result<RowsView> queries_for(const Index& index, const Rows& queries) {
  QUIVER_TRY(const std::size_t dims, comparable(queries.space(), index.space()));
  if (dims < index.space().dims) {
    return Error::unsupported(
        fmt::format("searching with the first {} coordinates of an index of {}; build an index of "
                    "that prefix, or encode the queries in full",
                    dims, index.space().dims));
  }
  if (dims == queries.space().dims) return queries.view();
  return prefix_of(queries.view(), dims);
}

}  // namespace quiver
