#include "quiver/learn/words/cooccurrences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "quiver/core/random.h"
#include "quiver/data/vocabulary.h"

namespace quiver::learn {
namespace {

TEST(Cooccurrences, AreThoseOfTheSlowWay) {
  std::vector<std::uint32_t> tokens;
  Random random(3, 1);
  for (int i = 0; i < 3000; ++i) {
    tokens.push_back(random.below(12) == 0 ? kNoWord : static_cast<std::uint32_t>(random.below(9)));
  }
  constexpr std::ptrdiff_t kWindow = 3;
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> expected;
  const auto size = static_cast<std::ptrdiff_t>(tokens.size());
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, i - kWindow); j <= std::min(size - 1, i + kWindow); ++j) {
      bool apart = i == j;  // or a sentence ends between them
      for (std::ptrdiff_t k = std::min(i, j); k <= std::max(i, j); ++k) {
        apart = apart || tokens[static_cast<std::size_t>(k)] == kNoWord;
      }
      if (apart) continue;
      expected[{tokens[static_cast<std::size_t>(i)], tokens[static_cast<std::size_t>(j)]}] +=
          1.0 / static_cast<double>(std::abs(i - j));
    }
  }
  const auto found = cooccurrences(tokens, kWindow);
  ASSERT_EQ(found.size(), expected.size());
  auto at = expected.begin();
  for (const Cooccurrence& pair : found) {
    EXPECT_EQ(std::make_pair(pair.word, pair.context), at->first) << "seed 3";
    EXPECT_NEAR(static_cast<double>(pair.count), at->second, 1e-3) << "seed 3";
    ++at;
  }
}

TEST(Cooccurrences, NothingStandsTogetherInNothing) {
  EXPECT_TRUE(cooccurrences({}, 5).empty());
  EXPECT_TRUE(cooccurrences(std::vector<std::uint32_t>{4}, 5).empty());
  EXPECT_TRUE(cooccurrences(std::vector<std::uint32_t>{4, kNoWord, 4}, 5).empty());
  EXPECT_EQ(cooccurrences(std::vector<std::uint32_t>{4, 4}, 5), (std::vector<Cooccurrence>{{4, 4, 2}}));
}

}  // namespace
}  // namespace quiver::learn
