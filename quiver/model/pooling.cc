#include "quiver/model/pooling.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace quiver {
namespace {
constexpr std::array<std::string_view, 6> kPoolNames{"first", "mean", "max", "last", "mean_sqrt", "weighted"};

// out <- sum of weight(i) * states_i, divided by `total`. In double: a text may have thousands of tokens.
template <class Weight>
void add_up(MatrixView states, double total, std::span<float> out, Weight weight) {
  std::vector<double> sums(out.size(), 0.0);
  for (std::size_t i = 0; i < states.rows; ++i) {
    const std::span<const float> row = states.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) sums[j] += weight(i) * static_cast<double>(row[j]);
  }
  for (std::size_t j = 0; j < out.size(); ++j) out[j] = static_cast<float>(sums[j] / total);
}
}  // namespace

std::string_view name_of(Pool pool) noexcept { return kPoolNames[static_cast<std::size_t>(pool)]; }

Result<Pool> parse_pool(std::string_view text) {
  for (std::size_t i = 0; i < kPoolNames.size(); ++i) {
    if (kPoolNames[i] == text) return static_cast<Pool>(i);
  }
  return Error::invalid_argument(fmt::format("'{}' is no pooling; there are {}", text, fmt::join(kPoolNames, ", ")));
}

void pool(Pool how, MatrixView all, std::size_t skip, std::span<float> out) {
  QUIVER_CHECK(all.cols == out.size());
  skip = std::min(skip, all.rows);
  const MatrixView states = all.slice(skip, all.rows - skip);
  if (states.empty()) {
    std::fill(out.begin(), out.end(), 0.0F);
    return;
  }
  const auto tokens = static_cast<double>(states.rows);
  const auto one = [](std::size_t) { return 1.0; };
  switch (how) {
    case Pool::First:
      std::copy_n(states.row(0).data(), out.size(), out.data());
      break;
    case Pool::Last:
      std::copy_n(states.row(states.rows - 1).data(), out.size(), out.data());
      break;
    case Pool::Mean:
      add_up(states, tokens, out, one);
      break;
    case Pool::MeanSqrt:
      add_up(states, std::sqrt(tokens), out, one);
      break;
    case Pool::Weighted:
      add_up(states, tokens * (static_cast<double>(skip) + (tokens + 1) / 2), out,
             [skip](std::size_t i) { return static_cast<double>(skip + i + 1); });
      break;
    case Pool::Max:
      std::copy_n(states.row(0).data(), out.size(), out.data());
      for (std::size_t i = 1; i < states.rows; ++i) {
        const std::span<const float> row = states.row(i);
        for (std::size_t j = 0; j < out.size(); ++j) out[j] = std::max(out[j], row[j]);
      }
      break;
  }
}

}  // namespace quiver
