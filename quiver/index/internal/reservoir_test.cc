#include "quiver/index/internal/reservoir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"

namespace quiver::internal {
namespace {
std::vector<Hit> kept(Reservoir& reservoir) {
  const std::span<const Hit> hits = reservoir.finish();
  std::vector<Hit> out(hits.begin(), hits.end());
  std::sort(out.begin(), out.end(), closer);
  return out;
}

TEST(Reservoir, KeepsWhatAHeapKeeps) {
  constexpr std::uint64_t kSeed = 5;
  Reservoir reservoir;
  for (const std::size_t k : {0U, 1U, 2U, 10U, 31U, 200U}) {
    for (const std::size_t count : {0U, 1U, 9U, 63U, 64U, 65U, 401U, 3000U}) {
      for (const std::uint32_t values : {1U, 3U, 50U, 1U << 24U}) {  // few different ones make ties
        Random random(kSeed, mix(k, mix(count, values)));
        std::vector<Hit> hits;
        for (std::uint32_t i = 0; i < count; ++i) {
          hits.push_back({i, static_cast<float>(random.below(values)) - 10});
        }
        TopK heap(k);
        for (const Hit& hit : hits) heap.offer(hit);
        for (int order = 0; order < 3; ++order) {
          random.shuffle(std::span<Hit>(hits));
          if (order == 1) std::sort(hits.begin(), hits.end(), closer);
          if (order == 2) std::sort(hits.rbegin(), hits.rend(), closer);
          reservoir.start(k);
          for (const Hit& hit : hits) {
            reservoir.offer(hit);
            if (heap.size() == k && k > 0) {
              ASSERT_GE(reservoir.threshold(), heap.threshold());
            }
          }
          ASSERT_EQ(kept(reservoir), heap.sorted())
              << k << " of " << count << " among " << values << ", seed " << kSeed;
        }
      }
    }
  }
}

TEST(Reservoir, KeepsNoNaNAndAnyInfinity) {
  Reservoir reservoir;
  reservoir.start(3);
  for (std::uint32_t i = 0; i < 400; ++i) reservoir.offer({i, i % 2 == 0 ? NAN : INFINITY});
  EXPECT_EQ(kept(reservoir), (std::vector<Hit>{{1, INFINITY}, {3, INFINITY}, {5, INFINITY}}));
  reservoir.start(2);
  for (std::uint32_t i = 0; i < 400; ++i) reservoir.offer({i, i < 390 ? INFINITY : -INFINITY});
  EXPECT_EQ(kept(reservoir), (std::vector<Hit>{{390, -INFINITY}, {391, -INFINITY}}));
}

}  // namespace
}  // namespace quiver::internal
