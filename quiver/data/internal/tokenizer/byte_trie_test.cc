#include "quiver/data/internal/tokenizer/byte_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "quiver/core/random.h"

namespace quiver::internal {
namespace {

TEST(ByteTrie, OfNothingFindsNothing) {
  const ByteTrie trie;
  EXPECT_EQ(trie.find(""), ByteTrie::kNone);
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(trie.find(std::string(1, static_cast<char>(byte))), ByteTrie::kNone);
}

TEST(ByteTrie, WalksFromWhereItStands) {
  const ByteTrie trie({{"lion", 7}, {"lions", 9}, {"lion", 8}});
  const auto node = trie.walk(ByteTrie::kRoot, "lion");
  ASSERT_NE(node, ByteTrie::kNone);
  EXPECT_EQ(trie.value(node), 8u);  // of equal texts the last one counts
  EXPECT_EQ(trie.value(trie.step(node, 's')), 9u);
  EXPECT_EQ(trie.step(node, 'x'), ByteTrie::kNone);
  EXPECT_EQ(trie.find("lio"), ByteTrie::kNone);
}

TEST(ByteTrie, AgreesWithAMap) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    const std::uint64_t letters = seed == 1 ? 2 : seed == 2 ? 26 : 256;  // full blocks, and few children
    const auto text = [&] {
      std::string out(random.below(9), ' ');
      for (char& byte : out) byte = static_cast<char>(random.below(letters));
      return out;
    };
    std::map<std::string, std::uint32_t> map;
    for (std::uint32_t i = 0; i < 20'000; ++i) map[text()] = i;
    std::vector<ByteTrie::Entry> entries(map.begin(), map.end());
    random.shuffle(std::span(entries));
    const ByteTrie trie(entries);
    for (const auto& [key, value] : map) ASSERT_EQ(trie.find(key), value) << "seed " << seed;
    for (int i = 0; i < 20'000; ++i) {
      const std::string key = text();
      const auto found = map.find(key);
      ASSERT_EQ(trie.find(key), found == map.end() ? ByteTrie::kNone : found->second) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace quiver::internal
