#include "quiver/learn/words/negatives.h"

#include <cmath>

#include "quiver/core/check.h"

namespace quiver::learn {

NegativeSampler::NegativeSampler(std::span<const std::uint64_t> counts, double power) : cells_(counts.size()) {
  const std::size_t n = counts.size();
  std::vector<double> share(n);  // of an interval; 1 on average
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    share[i] = counts[i] == 0 ? 0 : std::pow(static_cast<double>(counts[i]), power);
    total += share[i];
  }
  QUIVER_CHECK(total > 0);
  std::vector<std::uint32_t> poor, rich;
  for (std::uint32_t i = 0; i < n; ++i) {
    share[i] *= static_cast<double>(n) / total;
    (share[i] < 1 ? poor : rich).push_back(i);
  }
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t p = poor.back(), r = rich.back();
    poor.pop_back();
    cells_[p] = {static_cast<float>(share[p]), r};
    share[r] -= 1 - share[p];
    if (share[r] < 1) {
      rich.pop_back();
      poor.push_back(r);
    }
  }
  for (const auto& rest : {poor, rich}) {  // whole, but for rounding
    for (const std::uint32_t i : rest) cells_[i] = {1, i};
  }
}

}  // namespace quiver::learn
