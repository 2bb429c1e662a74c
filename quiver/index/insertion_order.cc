#include "quiver/index/insertion_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "quiver/core/random.h"

namespace quiver {
namespace {
Result<void> check_length(std::size_t given, std::size_t rows, const char* what) {
  if (given == rows) return {};
  return Error::invalid_argument(
      fmt::format("ordering {} rows: {} {} were given; give one for every row", rows, given, what));
}
}  // namespace

Result<std::vector<std::uint32_t>> insertion_order(InsertionOrder order, const OrderInputs& inputs) {
  const auto rows = static_cast<std::uint32_t>(inputs.rows);
  std::vector<std::uint32_t> out(rows);
  std::iota(out.begin(), out.end(), 0U);
  switch (order) {
    case InsertionOrder::AsGiven:
      break;
    case InsertionOrder::Shuffled:
      out = Random(inputs.seed, stream_of("insertion order")).permutation(rows);
      break;
    case InsertionOrder::LidDescending: {
      QUIVER_TRY(check_length(inputs.lid.size(), inputs.rows, "intrinsic dimensions"));
      const auto value = [&](std::uint32_t row) {
        return std::isnan(inputs.lid[row]) ? -std::numeric_limits<double>::infinity() : inputs.lid[row];
      };
      std::stable_sort(out.begin(), out.end(), [&](auto a, auto b) { return value(a) > value(b); });
      break;
    }
    case InsertionOrder::Custom: {
      QUIVER_TRY(check_length(inputs.custom.size(), inputs.rows, "row numbers"));
      std::vector<bool> named(rows);
      for (const std::uint32_t row : inputs.custom) {
        if (row >= rows || named[row]) {
          return Error::invalid_argument(fmt::format("ordering {} rows: row {} is {}; name every row once", rows, row,
                                                     row >= rows ? "not one of them" : "named twice"));
        }
        named[row] = true;
      }
      out.assign(inputs.custom.begin(), inputs.custom.end());
      break;
    }
  }
  return out;
}

}  // namespace quiver
