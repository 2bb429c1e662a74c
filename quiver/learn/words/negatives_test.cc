#include "quiver/learn/words/negatives.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quiver::learn {
namespace {

TEST(NegativeSampler, DrawsByAPowerOfTheCounts) {
  const std::vector<std::uint64_t> counts{1000, 100, 10, 1, 0, 400};
  for (const double power : {0.0, 0.75, 1.0}) {
    const NegativeSampler sampler(counts, power);
    EXPECT_EQ(sampler.size(), counts.size());
    double total = 0;
    for (const std::uint64_t count : counts) total += count == 0 ? 0 : std::pow(static_cast<double>(count), power);
    constexpr int kDraws = 200000;
    std::vector<double> drawn(counts.size(), 0);
    Random random(5, 1);
    for (int i = 0; i < kDraws; ++i) drawn[sampler.draw(random)] += 1.0 / kDraws;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double want = counts[i] == 0 ? 0 : std::pow(static_cast<double>(counts[i]), power) / total;
      EXPECT_NEAR(drawn[i], want, 4 * std::sqrt(want / kDraws) + 1e-9) << i << " power " << power << " seed 5";
    }
  }
}

TEST(NegativeSampler, OneWordIsAlwaysDrawn) {
  const NegativeSampler sampler(std::vector<std::uint64_t>{3}, 0.75);
  Random random(5, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sampler.draw(random), 0U);
}

}  // namespace
}  // namespace quiver::learn
