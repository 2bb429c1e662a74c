#include "bench/search/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/top_k.h"

namespace quiver::bench {
namespace {
std::size_t count_of_part(std::size_t rows, double part) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::llround(part * static_cast<double>(rows))), 1, rows);
}
}  // namespace

Mask::Mask(std::size_t rows, const std::vector<std::uint32_t>& chosen)
    : bits_((rows + 7) / 8, 0), rows_(rows), allowed_(chosen.size()) {
  for (const std::uint32_t row : chosen) bits_[row / 8] = static_cast<std::uint8_t>(bits_[row / 8] | 1U << (row % 8));
}

Mask Mask::scattered(std::size_t rows, double part, std::uint64_t seed) {
  QUIVER_CHECK(rows > 0);
  std::vector<std::uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0U);
  Random random(seed, stream_of("scattered mask"));
  random.shuffle(std::span(order));
  order.resize(count_of_part(rows, part));
  return {rows, order};
}

Mask Mask::region(MatrixView base, double part, std::uint64_t seed) {
  QUIVER_CHECK(base.rows > 0);
  Random random(seed, stream_of("region mask"));
  const std::size_t centre = random.below(base.rows);
  std::vector<Hit> order(base.rows);
  for (std::size_t i = 0; i < base.rows; ++i) {
    order[i] = {static_cast<std::uint32_t>(i), static_cast<float>(distance(Metric::L2, base.row(i), base.row(centre)))};
  }
  const std::size_t count = count_of_part(base.rows, part);
  std::ranges::sort(order, [](const Hit& a, const Hit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
  });
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(order[i].row);
  return {base.rows, chosen};
}

Result<Mask> Mask::open(const std::filesystem::path& path, std::size_t rows) {
  QUIVER_TRY(const std::string bytes, read_file(path));
  if (bytes.size() != (rows + 7) / 8) {
    return Error::corruption(fmt::format("{}: {} bytes for {} rows, a mask of them has {}", path.string(), bytes.size(),
                                         rows, (rows + 7) / 8));
  }
  Mask mask(rows, {});
  std::ranges::transform(bytes, mask.bits_.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  for (const std::uint8_t byte : mask.bits_) mask.allowed_ += static_cast<std::size_t>(std::popcount(byte));
  return mask;
}

Result<void> Mask::save(const std::filesystem::path& path) const {
  return write_file(path, std::string(bits_.begin(), bits_.end()));
}

double Mask::selectivity() const noexcept { return static_cast<double>(allowed_) / static_cast<double>(rows_); }

}  // namespace quiver::bench
