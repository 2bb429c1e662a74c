#include "quiver/core/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/options.h"

namespace quiver {
namespace {
template <class E>
Result<E> parse_name(std::string_view text, const char* what, std::size_t count) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  std::vector<std::string> known;
  for (std::size_t i = 0; i < count; ++i) {
    known.emplace_back(name(static_cast<E>(i)));
    if (lower == known.back()) return static_cast<E>(i);
  }
  const std::string near = did_you_mean(lower, known);
  return Error::invalid_argument(fmt::format("'{}' is not a {}{}; known: {}", text, what,
                                             near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
                                             fmt::join(known, ", ")));
}
}  // namespace

Result<Metric> parse_metric(std::string_view text) { return parse_name<Metric>(text, "metric", kMetrics); }
Result<Element> parse_element(std::string_view text) { return parse_name<Element>(text, "type of element", kElements); }

bool higher_is_closer(Metric metric) noexcept { return metric == Metric::Dot || metric == Metric::Cosine; }
float score_of(Metric metric, float distance) noexcept {
  switch (metric) {
    case Metric::L2:
      return std::sqrt(std::max(distance, 0.0F));
    case Metric::Dot:
      return -distance;
    case Metric::Cosine:
      return 1 - distance;
    case Metric::Manhattan:
    case Metric::Hamming:
      return distance;
  }
  return distance;
}

double distance(Metric metric, std::span<const float> a, std::span<const float> b) noexcept {
  QUIVER_CHECK(a.size() == b.size());
  double l2 = 0, dot = 0, aa = 0, bb = 0, l1 = 0, unequal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    l2 += (x - y) * (x - y);
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l1 += std::abs(x - y);
    unequal += x != y ? 1 : 0;
  }
  switch (metric) {
    case Metric::L2:
      return l2;
    case Metric::Dot:
      return -dot;
    case Metric::Cosine:
      return aa == 0 || bb == 0 ? 1 : 1 - dot / std::sqrt(aa * bb);
    case Metric::Manhattan:
      return l1;
    case Metric::Hamming:
      return unequal;
  }
  return 0;
}

}  // namespace quiver
