#include "quiver/index/internal/batch.h"

#include <algorithm>
#include <cstring>

namespace quiver::internal {

Result<Batch> Batch::of(const RowsView& queries, const SearchParams& params, const Space& space, const Removed& removed,
                        std::size_t live, SearchStats* stats, const RowSlots* slots) {
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries, space.dims, 0, "searching a batch of queries"));
  const std::size_t k = std::min<std::size_t>(params.k, live);
  Hits hits{static_cast<std::uint32_t>(k), std::vector<Hit>(k * input.rows()),
            std::vector<std::uint32_t>(input.rows())};
  return Batch{input, k, std::move(hits), Eligible(removed, params.filter, slots), stats};
}

std::vector<std::uint32_t> Batch::unfinished() const {
  std::vector<std::uint32_t> open;
  for (std::size_t q = 0; q < input.rows(); ++q) {
    if (hits.counts[q] != k) open.push_back(static_cast<std::uint32_t>(q));
  }
  return open;
}

TypedMatrix Batch::some(std::span<const std::uint32_t> queries) const {
  const TypedView& all = input.typed();
  TypedMatrix rows(all.element, queries.size(), all.dims);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    std::memcpy(rows.row(i), all.bytes.row(queries[i]).data(), bytes_of(all.element, all.dims));
  }
  return rows;
}

}  // namespace quiver::internal
