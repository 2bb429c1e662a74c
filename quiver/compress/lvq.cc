#include "quiver/compress/lvq.h"

#include <fmt/format.h>

#include "quiver/compress/internal/lvq_coder.h"

namespace quiver {

Result<CoderPtr> lvq_coder(unsigned bits, const Space& space) {
  if (bits != 4 && bits != 8) {
    return Error::invalid_argument(fmt::format("lvq({}): codes have 4 or 8 bits; write lvq(8) or lvq(4)", bits));
  }
  QUIVER_TRY(check_metric(fmt::format("lvq({})", bits), space));
  return std::make_shared<internal::LvqCoder>(bits, space, std::vector<float>());
}

}  // namespace quiver
