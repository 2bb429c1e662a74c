#include "quiver/index/hard_negatives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

// Unit vectors in the plane at these angles, in degrees: the cosine of two is that of the angle between them.
Rows at_angles(const std::vector<double>& degrees, Metric metric = Metric::Cosine) {
  Matrix out(degrees.size(), 2);
  for (std::size_t i = 0; i < degrees.size(); ++i) {
    const double turn = degrees[i] * 3.14159265358979 / 180;
    out.row(i)[0] = static_cast<float>(std::cos(turn));
    out.row(i)[1] = static_cast<float>(std::sin(turn));
  }
  return Rows::dense(std::move(out), {.dims = 2, .metric = metric});
}
std::vector<std::uint32_t> negatives_of(const HardNegatives& mined, std::size_t query) {
  const auto rows = mined.of(query);
  return {rows.begin(), rows.end()};
}
// A query at 0 degrees whose positive, row 0, is at 30 (cosine .866; .95 of it is .823, 34.6 degrees).
struct Plane {
  Rows queries = at_angles({0}), texts = at_angles({30, 5, 33, 36, 50, 90});
  std::vector<std::uint32_t> positives{0};
  PairsToMine pairs() const { return {.queries = &queries, .texts = &texts, .positives = positives}; }
  Result<HardNegatives> mine(const PairsToMine& given, MiningOptions options = {.count = 2}) const {
    quiver::Run run({.threads = 2});
    return mine_hard_negatives(given, options, run);
  }
};

TEST(HardNegatives, DropsWhatScoresNearlyAsHighAsThePositive) {
  const Plane plane;
  for (const char* index : {"flat", "hnsw"}) {
    const auto mined = plane.mine(plane.pairs(), {.count = 2, .index = index});
    ASSERT_TRUE(mined.has_value()) << mined.error().message();
    EXPECT_THAT(negatives_of(*mined, 0), ElementsAre(3, 4)) << "hardest first";
    EXPECT_EQ(mined->too_close, 2u);  // 5 and 33 degrees
    EXPECT_EQ(mined->short_of, 0u);
  }
  EXPECT_THAT(negatives_of(*plane.mine(plane.pairs(), {.count = 3, .max_ratio = 1}), 0), ElementsAre(2, 3, 4));
  EXPECT_THAT(negatives_of(*plane.mine(plane.pairs(), {.count = 1, .max_ratio = 0.5}), 0), ElementsAre(5));
}

TEST(HardNegatives, LeavesOutGroupsPositivesOfEqualQueriesAndEqualTexts) {
  Plane plane;
  const std::vector<std::uint32_t> groups{7, 1, 2, 7, 3, 4};  // row 3 is of the positive's group
  PairsToMine pairs = plane.pairs();
  pairs.groups = groups;
  const auto grouped = plane.mine(pairs);
  EXPECT_THAT(negatives_of(*grouped, 0), ElementsAre(4, 5));
  EXPECT_EQ(grouped->related, 1u);

  const std::vector<std::uint64_t> keys{10, 11, 12, 10, 14, 14};  // row 3 is the positive's text, row 5 that of row 4
  pairs = plane.pairs();
  pairs.text_keys = keys;
  const auto keyed = plane.mine(pairs);
  EXPECT_THAT(negatives_of(*keyed, 0), ElementsAre(4));
  EXPECT_EQ(keyed->equal, 2u);
  EXPECT_EQ(keyed->short_of, 1u);

  plane.queries = at_angles({0, 0, 1});
  plane.positives = {0, 4, 3};
  const std::vector<std::uint64_t> query_keys{5, 5, 6};
  pairs = plane.pairs();
  pairs.query_keys = query_keys;
  const auto twice = plane.mine(pairs);
  EXPECT_THAT(negatives_of(*twice, 0), ElementsAre(3, 5)) << "row 4 answers an equal query";
  EXPECT_THAT(negatives_of(*twice, 1), ElementsAre(5)) << "so does row 0";
}

TEST(HardNegatives, AreThoseOfAWalkOverAllTexts) {
  constexpr std::uint64_t kSeed = 3;
  Random random(kSeed);
  Matrix texts(300, 8), queries(40, 8);
  for (Matrix* each : {&texts, &queries}) {
    for (std::size_t i = 0; i < each->rows(); ++i) {
      for (float& x : each->row(i)) x = random.normal();
    }
    normalize_rows(*each);
  }
  std::vector<std::uint32_t> positives;
  for (std::size_t i = 0; i < queries.rows(); ++i) positives.push_back(static_cast<std::uint32_t>(random.below(300)));
  const auto dot = [](std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += static_cast<double>(a[j]) * b[j];
    return sum;
  };
  std::vector<std::vector<std::uint32_t>> wanted;
  for (std::size_t i = 0; i < queries.rows(); ++i) {
    std::vector<std::pair<double, std::uint32_t>> order;
    for (std::uint32_t t = 0; t < 300; ++t) order.emplace_back(-dot(queries.row(i), texts.row(t)), t);
    std::ranges::sort(order);
    std::vector<std::uint32_t> own;
    for (const auto& [score, t] : order) {
      const bool near = -score >= 0.9 * dot(queries.row(i), texts.row(positives[i]));
      if (own.size() < 5 && t != positives[i] && !near) own.push_back(t);
    }
    wanted.push_back(own);
  }
  const Rows asked = Rows::dense(std::move(queries), {.dims = 8}), all = Rows::dense(std::move(texts), {.dims = 8});
  quiver::Run run({.threads = 2});
  const auto mined = mine_hard_negatives({.queries = &asked, .texts = &all, .positives = positives},
                                         {.count = 5, .max_ratio = 0.9, .candidates = 300}, run);
  ASSERT_TRUE(mined.has_value()) << mined.error().message();
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(negatives_of(*mined, i), wanted[i]) << "seed " << kSeed;
}

TEST(HardNegatives, NoQueriesHaveNone) {
  Plane plane;
  plane.queries = Rows::dense(Matrix(0, 2), {.dims = 2});
  plane.positives.clear();
  EXPECT_EQ(plane.mine(plane.pairs())->queries(), 0u);
}

TEST(HardNegatives, SaysWhatDoesNotFit) {
  Plane plane;
  const auto refusal = [&](const PairsToMine& pairs, MiningOptions options = {}) {
    return plane.mine(pairs, options).error().message();
  };
  EXPECT_THAT(refusal(plane.pairs(), {.count = 0}), HasSubstr("0 a query"));
  EXPECT_THAT(refusal(plane.pairs(), {.max_ratio = 1.5}), HasSubstr("a ratio of 1.5"));
  EXPECT_THAT(refusal(plane.pairs(), {.max_ratio = std::nan("")}), HasSubstr("a ratio of nan"));
  const std::vector<std::uint32_t> two{0, 1};
  PairsToMine pairs = plane.pairs();
  pairs.positives = two;
  EXPECT_THAT(refusal(pairs), HasSubstr("2 positives are given for 1"));
  pairs = plane.pairs();
  pairs.groups = two;
  EXPECT_THAT(refusal(pairs), HasSubstr("2 groups of texts are given for 6"));
  plane.positives = {6};
  EXPECT_THAT(refusal(plane.pairs()), HasSubstr("the positive of query 0 is row 6, there are 6 texts"));
  plane.texts = at_angles({0, 1}, Metric::L2);
  plane.queries = at_angles({0}, Metric::L2);
  EXPECT_THAT(refusal(plane.pairs()), HasSubstr("l2 is a distance"));
}

}  // namespace
}  // namespace quiver
