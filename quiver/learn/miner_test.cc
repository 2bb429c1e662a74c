#include "quiver/learn/miner.h"

#include <gtest/gtest.h>

#include <map>

namespace quiver::learn {
namespace {

TEST(SharedKeyMinerTest, DrawsOtherRowsOfAKeyUniformly) {
  SharedKeyMiner miner;
  for (const std::uint32_t row : {0U, 3U, 5U}) miner.add(row, "bank");
  miner.add(3, "shore");
  miner.add(4, "shore");
  miner.add(3, "shore");  // again: counts once
  miner.close();
  constexpr std::uint64_t kMinerSeed = 2;
  Random random(kMinerSeed);
  std::map<std::uint32_t, int> drawn;
  for (int i = 0; i < 3000; ++i) ++drawn[miner.draw(3, random).value()];
  EXPECT_EQ(drawn.size(), 3U);
  for (const std::uint32_t row : {0U, 4U, 5U}) EXPECT_NEAR(drawn[row], 1000, 120) << "seed " << kMinerSeed;
}

TEST(SharedKeyMinerTest, HasNothingForARowAlone) {
  SharedKeyMiner miner;
  miner.add(1, "lion");
  miner.add(2, "tiger");
  miner.close();
  Random random(1);
  EXPECT_FALSE(miner.draw(1, random).has_value());
  EXPECT_FALSE(miner.draw(0, random).has_value());   // a row without keys
  EXPECT_FALSE(miner.draw(99, random).has_value());  // a row never added
}

}  // namespace
}  // namespace quiver::learn
