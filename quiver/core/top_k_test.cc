#include "quiver/core/top_k.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {

TEST(TopKTest, AgreesWithSortingWhateverTheOrder) {
  for (const std::size_t n : {0U, 1U, 2U, 9U, 10U, 11U, 500U}) {
    for (const std::size_t k : {0U, 1U, 3U, 10U, 600U}) {
      Random random(n * 1000 + k);
      std::vector<Hit> all(n);
      for (std::uint32_t i = 0; i < n; ++i) all[i] = {i, static_cast<float>(random.below(20))};  // many ties
      std::vector<Hit> shuffled = all;
      random.shuffle(std::span(shuffled));
      TopK left(k), right(k);
      for (std::size_t i = 0; i < n; ++i) (i % 3 == 0 ? left : right).offer(shuffled[i]);
      left.merge(right);
      std::sort(all.begin(), all.end(), closer);
      all.resize(std::min(n, k));
      EXPECT_EQ(left.sorted(), all) << "n " << n << " k " << k;
    }
  }
}
TEST(TopKTest, NaNNeverEnters) {
  TopK best(2);
  best.offer({1, std::nanf("")});
  best.offer({2, 1.0F});
  EXPECT_EQ(best.size(), 1U);
  EXPECT_EQ(best.threshold(), std::numeric_limits<float>::infinity());
  best.offer({3, 0.5F});
  EXPECT_EQ(best.threshold(), 1.0F);
}

}  // namespace
}  // namespace quiver
