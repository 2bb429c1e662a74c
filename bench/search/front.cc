#include "bench/search/front.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace quiver::bench {

std::string_view name_of(SpeedKind kind) noexcept {
  switch (kind) {
    case SpeedKind::Between:
      return "between";
    case SpeedKind::AtLeast:
      return "at least";
    case SpeedKind::Never:
      break;
  }
  return "never";
}

Front::Front(std::vector<Point> points) {
  std::ranges::sort(points, [](const Point& a, const Point& b) {
    return a.recall != b.recall ? a.recall > b.recall : a.qps > b.qps;
  });
  double fastest = 0;
  for (const Point& point : points) {  // from the highest recall down, whatever is faster than all above it
    if (point.qps <= fastest) continue;
    fastest = point.qps;
    points_.push_back(point);
  }
  std::ranges::reverse(points_);
}

Speed Front::at(double recall) const {
  const auto above = std::ranges::find_if(points_, [&](const Point& p) { return p.recall >= recall; });
  if (above == points_.end()) return {};
  if (above == points_.begin() || above->recall == recall) {
    return {above->qps, above->p50_us, above->recall > recall ? SpeedKind::AtLeast : SpeedKind::Between};
  }
  const Point &low = *(above - 1), &high = *above;
  const double part = (recall - low.recall) / (high.recall - low.recall);
  return {std::exp(std::log(low.qps) * (1 - part) + std::log(high.qps) * part),
          low.p50_us * (1 - part) + high.p50_us * part, SpeedKind::Between};
}

std::vector<std::uint32_t> Front::efforts_around(const std::vector<double>& targets) const {
  std::set<std::uint32_t> efforts;
  for (const double target : targets) {
    const auto above = std::ranges::find_if(points_, [&](const Point& p) { return p.recall >= target; });
    if (above == points_.end()) continue;
    efforts.insert(above->effort);
    if (above != points_.begin() && above->recall > target) efforts.insert((above - 1)->effort);
  }
  return {efforts.begin(), efforts.end()};
}

}  // namespace quiver::bench
