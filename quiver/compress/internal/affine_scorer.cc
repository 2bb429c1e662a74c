#include "quiver/compress/internal/affine_scorer.h"

#include <algorithm>

namespace quiver::internal {

void AffineScorer::score(std::span<const std::uint32_t> rows, float* distances) const noexcept {
  products(rows_.data() + query_.parts.bytes(), rows_.stride(), rows.data(), rows.size(), distances);
  finish(rows.size(), distances, [&](std::size_t i) { return rows_.row(rows[i]); });
}

void AffineScorer::score_at(const std::byte* first, std::size_t count, float* distances) const noexcept {
  products(first + query_.parts.bytes(), rows_.stride(), nullptr, count, distances);
  finish(count, distances, [&](std::size_t i) { return first + i * rows_.stride(); });
}

// One loop for each set of parts: this runs once for every row of a scan.
template <class RowAt>
void AffineScorer::finish(std::size_t count, float* distances, RowAt row_at) const noexcept {
  const double offset = query_.offset, shift = query_.shift, least = query_.least;
  const auto loop = [&](auto factor_of, auto addend_of) {
    for (std::size_t i = 0; i < count; ++i) {
      const double distance = offset + (shift + static_cast<double>(distances[i])) * factor_of(i) + addend_of(i);
      distances[i] = static_cast<float>(std::max(least, distance));
    }
  };
  const auto number_at = [&](std::size_t i, std::size_t at) {
    float value;
    std::memcpy(&value, row_at(i) + at, sizeof(float));
    return static_cast<double>(value);
  };
  const auto one = [](std::size_t) { return 1.0; };
  const auto none = [](std::size_t) { return 0.0; };
  const auto front = [&](std::size_t i) { return number_at(i, 0); };
  const auto second = [&](std::size_t i) { return number_at(i, sizeof(float)); };
  const RowParts parts = query_.parts;
  if (parts.factor && parts.addend) return loop(front, second);
  if (parts.factor) return loop(front, none);
  if (parts.addend) return loop(one, front);
  loop(one, none);
}

void TableScorer::products(const std::byte* base, std::size_t stride, const std::uint32_t* rows, std::size_t count,
                           float* out) const noexcept {
  const std::size_t bytes = tables_.size() / kTableSize;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* codes = reinterpret_cast<const std::uint8_t*>(base + stride * (rows != nullptr ? rows[i] : i));
    const float* table = tables_.data();
    float lanes[4] = {};  // four chains of additions at once
    std::size_t m = 0;
    for (; m + 4 <= bytes; m += 4, table += 4 * kTableSize) {
      for (std::size_t lane = 0; lane < 4; ++lane) lanes[lane] += table[lane * kTableSize + codes[m + lane]];
    }
    for (; m < bytes; ++m, table += kTableSize) lanes[m % 4] += table[codes[m]];
    out[i] = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  }
}

std::vector<float> tables_of_pairs(std::span<const float> entries) {
  const std::size_t codes = entries.size() / 16, bytes = (codes + 1) / 2;
  std::vector<float> tables(bytes * kTableSize);
  for (std::size_t m = 0; m < bytes; ++m) {
    for (std::size_t byte = 0; byte < kTableSize; ++byte) {
      const float low = entries[2 * m * 16 + byte % 16];
      const float high = 2 * m + 1 < codes ? entries[(2 * m + 1) * 16 + byte / 16] : 0;
      tables[m * kTableSize + byte] = low + high;
    }
  }
  return tables;
}

double dot_of(std::span<const float> a, std::span<const float> b) noexcept {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  }
  for (; i < a.size(); ++i) lanes[i % kLanes] += static_cast<double>(a[i]) * b[i];
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

}  // namespace quiver::internal
