#include "quiver/inspect/ranking_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace quiver {
namespace {
using testing::DoubleNear;
using testing::ElementsAre;

// One ranking per query, closest first.
Hits hits_of(std::initializer_list<std::initializer_list<std::uint32_t>> rankings, std::uint32_t k = 10) {
  Hits hits{k, std::vector<Hit>(rankings.size() * k), {}};
  std::size_t q = 0;
  for (const auto& ranking : rankings) {
    std::size_t i = 0;
    for (const std::uint32_t row : ranking) {
      hits.hits[q * k + i] = {row, static_cast<float>(i)};
      ++i;
    }
    hits.counts.push_back(static_cast<std::uint32_t>(i));
    ++q;
  }
  return hits;
}

TEST(RankingMetrics, AgreeWithValuesWorkedByHand) {
  Relevance relevance;
  const std::uint32_t first[] = {2, 5, 9};
  relevance.add_query(first);  // found at places 2 and 4, one is missing
  const std::uint32_t second[] = {1};
  relevance.add_query(second);  // not found
  relevance.add_query({});      // nothing to find
  const Hits hits = hits_of({{7, 2, 3, 5}, {8}, {1}});
  EXPECT_THAT(reciprocal_rank(hits, relevance, 10), ElementsAre(0.5, 0, 0));
  EXPECT_THAT(reciprocal_rank(hits, relevance, 1), ElementsAre(0, 0, 0));
  EXPECT_THAT(recall_at(hits, relevance, 3), ElementsAre(DoubleNear(1.0 / 3, 1e-12), 0, 0));
  EXPECT_THAT(recall_at(hits, relevance, 10), ElementsAre(DoubleNear(2.0 / 3, 1e-12), 0, 0));
  EXPECT_THAT(precision_at(hits, relevance, 4), ElementsAre(0.5, 0, 0));
  EXPECT_THAT(average_precision(hits, relevance, 10), ElementsAre(DoubleNear((1.0 / 2 + 2.0 / 4) / 3, 1e-12), 0, 0));
  const double gain = 1 / std::log2(3.0) + 1 / std::log2(5.0), ideal = 1 + 1 / std::log2(3.0) + 1 / std::log2(4.0);
  EXPECT_THAT(ndcg_at(hits, relevance, 10), ElementsAre(DoubleNear(gain / ideal, 1e-12), 0, 0));
}

TEST(RankingMetrics, GradesCountInNdcg) {
  Relevance relevance;
  const std::uint32_t rows[] = {4, 6, 8};
  const float grades[] = {3, 1, 0};  // row 8 is judged and not relevant
  relevance.add_query(rows, grades);
  const Hits hits = hits_of({{6, 8, 4}});
  const double gain = 1 + 3 / std::log2(4.0), ideal = 3 + 1 / std::log2(3.0);
  EXPECT_THAT(ndcg_at(hits, relevance, 3), ElementsAre(DoubleNear(gain / ideal, 1e-12)));
  EXPECT_THAT(recall_at(hits, relevance, 2), ElementsAre(0.5));
}

TEST(RankingMetrics, ARowCountsAtItsFirstPlaceOnly) {
  const std::uint32_t target[] = {5};
  const Hits hits = hits_of({{5, 5}});
  EXPECT_THAT(precision_at(hits, Relevance::single(target), 2), ElementsAre(0.5));
  EXPECT_THAT(recall_at(hits, Relevance::single(target), 2), ElementsAre(1));
}

TEST(Fusion, WeightedScalesEachListFirst) {
  Hits a = hits_of({{1, 2, 3}}), b = hits_of({{3, 4}});
  // a: 1 -> 1, 2 -> .5, 3 -> 0;  b: 3 -> 1, 4 -> 0
  const Hits fused = fuse_weighted(a, b, 0.6, 3);
  ASSERT_EQ(fused.counts[0], 3U);
  EXPECT_EQ(fused.of(0)[0].row, 1U);
  EXPECT_NEAR(fused.of(0)[0].distance, 1 - 0.6, 1e-6);
  EXPECT_EQ(fused.of(0)[1].row, 3U);
  EXPECT_NEAR(fused.of(0)[1].distance, 1 - 0.4, 1e-6);
  EXPECT_EQ(fused.of(0)[2].row, 2U);
  EXPECT_EQ(fuse_weighted(a, b, 1, 3).of(0)[0].row, 1U);
  EXPECT_EQ(fuse_weighted(hits_of({{}}), b, 0.5, 3).of(0)[0].row, 3U);
}

TEST(Fusion, ReciprocalAddsUp) {
  const Hits fused = fuse_reciprocal(hits_of({{1, 2}}), hits_of({{2, 3}}), 2, 60);
  ASSERT_EQ(fused.counts[0], 2U);
  EXPECT_EQ(fused.of(0)[0].row, 2U);
  EXPECT_NEAR(fused.of(0)[0].distance, 1 - (1.0 / 62 + 1.0 / 61), 1e-6);
  EXPECT_EQ(fused.of(0)[1].row, 1U);
}

}  // namespace
}  // namespace quiver
