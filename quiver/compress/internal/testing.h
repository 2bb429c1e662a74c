// What the tests of the quantizers share. For _test.cc files only.
#pragma once
#include <algorithm>
#include <initializer_list>

#include "quiver/core/matrix.h"
#include "quiver/core/space.h"

namespace quiver::internal {

inline Space space_of(std::size_t dims, Metric metric) {
  return {.id = "", .dims = dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
}
inline Matrix matrix_of(std::initializer_list<std::initializer_list<float>> rows) {
  Matrix out(rows.size(), rows.begin()->size());
  std::size_t i = 0;
  for (const auto& row : rows) std::copy(row.begin(), row.end(), out.row(i++).begin());
  return out;
}

}  // namespace quiver::internal
