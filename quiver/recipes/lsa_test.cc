#include "quiver/recipes/lsa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"

namespace quiver::recipes {
namespace {
using testing::HasSubstr;

// Texts of two topics that share no word but "common"; each names a few of its topic's ten words.
std::vector<std::string> two_topics(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "common";
    for (int word = 0; word < 6; ++word) {
      text += i % 2 == 0 ? " sea" : " rock";
      text += static_cast<char>('a' + random.below(10));
    }
    out.push_back(std::move(text));
  }
  return out;
}
double product_of(std::span<const float> a, std::span<const float> b) {
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out += static_cast<double>(a[i]) * b[i];
  return out;
}

TEST(Lsa, TextsOfATopicLieTogetherEvenWithoutACommonWord) {
  quiver::Run run({.threads = 2});
  const auto texts = two_topics(200, 1);
  const auto lsa = Lsa::fit(texts, {.dims = 2}, run);
  ASSERT_TRUE(lsa.has_value()) << lsa.error().message();
  EXPECT_EQ(lsa->words(), 21U);
  const std::vector<std::string> asked = {"seaa seab", "seac sead", "ROCKA rockb", "unknown", "common 42"};
  const Matrix y = lsa->map(asked, run.threads());
  EXPECT_GT(product_of(y.row(0), y.row(1)), 0.99);
  EXPECT_LT(std::abs(product_of(y.row(0), y.row(2))), 0.1);
  EXPECT_NEAR(product_of(y.row(2), y.row(2)), 1, 1e-5);
  EXPECT_EQ(product_of(y.row(3), y.row(3)), 0);  // no word is known
  EXPECT_EQ(product_of(y.row(4), y.row(4)), 0);  // in more than half of the texts; a number is no word
}

TEST(Lsa, TheSameForAnyNumberOfThreads) {
  quiver::Run one({.threads = 1}), three({.threads = 3});
  const auto texts = two_topics(100, 2);
  const auto a = Lsa::fit(texts, {.dims = 4}, one), b = Lsa::fit(texts, {.dims = 4}, three);
  ASSERT_TRUE(a.has_value() && b.has_value());
  const Matrix x = a->map(texts, one.threads()), y = b->map(texts, three.threads());
  for (std::size_t i = 0; i < texts.size(); ++i) {  // axes may be mirrored, angles are the same
    EXPECT_NEAR(product_of(x.row(0), x.row(i)), product_of(y.row(0), y.row(i)), 1e-4) << i;
  }
}

TEST(Lsa, RefusesTooFewTexts) {
  quiver::Run run({.threads = 1});
  const auto lsa = Lsa::fit(two_topics(10, 3), {.dims = 16}, run);
  ASSERT_FALSE(lsa.has_value());
  EXPECT_THAT(lsa.error().message(), HasSubstr("cannot span 16 dims"));
}

}  // namespace
}  // namespace quiver::recipes
