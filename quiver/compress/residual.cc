#include "quiver/compress/residual.h"

#include <fmt/format.h>

#include "quiver/compress/internal/codebook_coder.h"

namespace quiver {
namespace {
Result<CoderPtr> residual_of(std::string spec, unsigned groups, unsigned stages, const Space& space) {
  if (stages == 0 || stages > internal::kMostStages) {
    return Error::invalid_argument(
        fmt::format("{}: has {} stages, there may be 1 to {}", spec, stages, internal::kMostStages));
  }
  if (groups == 0 || groups > space.dims) {
    return Error::invalid_argument(
        fmt::format("{}: cuts {} dims into {} groups; ask for 1 to {}", spec, space.dims, groups, space.dims));
  }
  QUIVER_TRY(check_metric(spec, space));
  const internal::CodebookShape shape{.dims = space.dims, .groups = groups, .stages = stages};
  return std::make_shared<internal::CodebookCoder>(std::move(spec), space, internal::Codebooks(shape), nullptr);
}
}  // namespace

Result<CoderPtr> residual_coder(unsigned stages, const Space& space) {
  return residual_of(fmt::format("rq({})", stages), 1, stages, space);
}
Result<CoderPtr> grouped_residual_coder(unsigned groups, unsigned stages, const Space& space) {
  return residual_of(fmt::format("grvq({},{})", groups, stages), groups, stages, space);
}

}  // namespace quiver
