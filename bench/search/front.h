// Front: the speed of a searcher at a recall, from the efforts it was asked for.
//
//   Front front(points);                        // any order; points that another beats in recall and speed fall away
//   Speed at = front.at(0.95);                  // {.qps = 47655, .kind = SpeedKind::Between}
//
// Between two points the logarithm of the speed is linear in recall, as in a plot. Below the lowest recall measured the
// fastest point stands in: it reaches the target, and the true speed there is not less. Above the highest there is
// none. Thread-safety: immutable.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace quiver::bench {

struct Point {
  std::uint32_t effort = 0;
  double recall = 0, qps = 0, p50_us = 0;
};
enum class SpeedKind : std::uint8_t { Between, AtLeast, Never };
std::string_view name_of(SpeedKind kind) noexcept;  // "between", "at least", "never"

struct Speed {
  double qps = 0, p50_us = 0;
  SpeedKind kind = SpeedKind::Never;
};

class Front {
 public:
  explicit Front(std::vector<Point> points);
  Speed at(double recall) const;
  double highest_recall() const { return points_.empty() ? 0 : points_.back().recall; }
  const std::vector<Point>& points() const { return points_; }  // recall rises, speed falls
  // The efforts of the points around each target, which alone decide at(target). Rising.
  std::vector<std::uint32_t> efforts_around(const std::vector<double>& targets) const;

 private:
  std::vector<Point> points_;
};

}  // namespace quiver::bench
