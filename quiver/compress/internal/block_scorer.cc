#include "quiver/compress/internal/block_scorer.h"

#include <algorithm>
#include <cfloat>

namespace quiver::internal {
namespace {
constexpr double kMostSum = 65535;
constexpr std::size_t kCentroids = simd::kGroupCentroids;
}  // namespace

ByteTables::ByteTables(std::span<const float> entries, std::size_t of_block)
    : memory(of_block * kCentroids), groups(of_block) {
  const std::size_t codes = entries.size() / kCentroids;
  double size = 0, widest = 0;
  for (std::size_t g = 0; g < codes; ++g) {
    const auto [least, most] = std::ranges::minmax(entries.subspan(g * kCentroids, kCentroids));
    low += static_cast<double>(least);
    widest = std::max(widest, static_cast<double>(most) - static_cast<double>(least));
    size += std::max(std::abs(static_cast<double>(least)), std::abs(static_cast<double>(most)));
  }
  sound = size < FLT_MAX / 4;  // not so either where a table holds NaN or infinity
  if (!sound) return;
  const double most = std::min(255.0, std::floor(kMostSum / static_cast<double>(codes)));
  if (widest > 0) step = widest / most;
  auto* to = reinterpret_cast<std::uint8_t*>(memory.data());
  for (std::size_t g = 0; g < codes; ++g, to += kCentroids) {
    const auto table = entries.subspan(g * kCentroids, kCentroids);
    const double least = std::ranges::min(table);
    for (std::size_t c = 0; c < kCentroids; ++c) {
      to[c] = static_cast<std::uint8_t>(std::min(most, (static_cast<double>(table[c]) - least) / step));
    }
  }
  // One step for the roundings of these doubles, and those of the float sums.
  low -= step + table_ulps((codes + 1) / 2) * 0x1p-24 * size;
}

int ByteTables::largest_sum(double most) const noexcept {
  const double sum = (most - low) / step;
  return sum < 0 ? -1 : static_cast<int>(std::min(sum, kMostSum));
}

template <class RowOf>
void BlockScorer::score_each(std::size_t count, float* distances, RowOf row_of) const noexcept {
  thread_local std::vector<std::byte> memory;
  const std::size_t stride = blocks_.stride, packed = packed_rows();
  memory.resize(std::max(memory.size(), blocks_.bytes()));
  for (std::size_t first = 0; first < count; first += RowBlocks::kRows) {
    const std::size_t some = std::min(RowBlocks::kRows, count - first);
    for (std::size_t i = 0; i < some; ++i) {
      const std::size_t row = row_of(first + i);
      std::byte* to = memory.data() + i * stride;
      if (row < packed) {
        blocks_.take(rows().row(row - row % RowBlocks::kRows), row % RowBlocks::kRows, to);
      } else {
        std::memcpy(to, rows().row(row), stride);
      }
    }
    score_at(memory.data(), some, distances + first);
  }
}

void BlockScorer::score(std::span<const std::uint32_t> rows, float* distances) const noexcept {
  score_each(rows.size(), distances, [&](std::size_t i) { return rows[i]; });
}

void BlockScorer::score_range(std::size_t first, std::size_t count, float* distances) const noexcept {
  score_each(count, distances, [&](std::size_t i) { return first + i; });
}

std::uint32_t BlockScorer::near(const std::byte* block, double most) const noexcept {
  const RowParts parts = query().parts;
  alignas(64) std::uint16_t sums[RowBlocks::kRows];
  const auto within = [&](int largest) -> std::uint32_t {
    if (largest < 0) return 0;
    return simd::kernels().code_sums(block + blocks_.codes_at(), tables_.bytes(), tables_.groups,
                                     static_cast<std::uint16_t>(largest), sums);
  };
  if (!parts.factor) return within(tables_.largest_sum(most));
  float factors[RowBlocks::kRows];
  for (std::size_t j = 0; j < RowBlocks::kRows; ++j) factors[j] = parts.factor_of(block + j * blocks_.head);
  // A product below zero is lowered most by the largest factor; one that is not tells nothing of its block.
  const float largest = *std::ranges::max_element(factors);
  std::uint32_t some = within(most < 0 ? tables_.largest_sum(most / static_cast<double>(largest)) : 65535);
  for (std::uint32_t left = some; left != 0; left &= left - 1) {
    const auto j = static_cast<std::size_t>(__builtin_ctz(left));
    if (tables_.least(sums[j]) * static_cast<double>(factors[j]) > most) some &= ~(1U << j);
  }
  return some;
}

std::size_t BlockScorer::score_below(std::size_t first, std::size_t count, float most, std::uint32_t* chosen,
                                     float* distances) const noexcept {
  const double asked = most, offset = query().offset;
  if (!tables_.sound || !std::isfinite(asked)) return TableScorer::score_below(first, count, most, chosen, distances);
  // Of product * factor: more by what rounding the distance to a float may hide.
  const double product = asked - offset + 0x1p-22 * (std::abs(asked) + std::abs(offset)) + FLT_MIN;
  const std::size_t end = first + count, packed = packed_rows();
  std::size_t found = 0;
  for (std::size_t row = first; row < end;) {
    const std::size_t begin = row - row % RowBlocks::kRows, stop = std::min(end, begin + RowBlocks::kRows);
    std::uint32_t some = ~0U;
    if (row < packed) some = near(rows().row(begin), product);
    some &= ~0U << (row - begin);
    if (stop - begin < RowBlocks::kRows) some &= (1U << (stop - begin)) - 1;
    for (; some != 0; some &= some - 1) {
      chosen[found++] = static_cast<std::uint32_t>(begin + static_cast<std::size_t>(__builtin_ctz(some)) - first);
    }
    row = stop;
  }
  score_each(found, distances, [&](std::size_t i) { return first + chosen[i]; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found; ++i) {
    if (!(distances[i] <= most)) continue;
    chosen[kept] = chosen[i];
    distances[kept++] = distances[i];
  }
  return kept;
}

}  // namespace quiver::internal
