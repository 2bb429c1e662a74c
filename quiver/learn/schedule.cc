#include "quiver/learn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quiver::learn {

double Schedule::factor(std::uint64_t step) const noexcept {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (step >= steps) return floor;
  const double progress = static_cast<double>(step - warmup) / static_cast<double>(steps - warmup);
  return floor + (1 - floor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

}  // namespace quiver::learn
