#include "quiver/index/internal/batch.h"

#include <algorithm>

namespace quiver::internal {

Result<Batch> Batch::of(const RowsView& queries, const SearchParams& params, const Space& space, const Removed& removed,
                        std::size_t live, SearchStats* stats, const RowSlots* slots) {
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries, space.dims, 0, "searching a batch of queries"));
  const std::size_t k = std::min<std::size_t>(params.k, live);
  Hits hits{static_cast<std::uint32_t>(k), std::vector<Hit>(k * input.rows()),
            std::vector<std::uint32_t>(input.rows())};
  return Batch{input, k, std::move(hits), Eligible(removed, params.filter, slots), stats};
}

}  // namespace quiver::internal
