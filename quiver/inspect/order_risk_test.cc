#include "quiver/inspect/order_risk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kOrderSeed = 3;

// Ten clusters, row i in cluster i % 10.
Rows clusters(std::size_t rows, std::uint64_t stream) {
  Matrix out(rows, 12);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kOrderSeed, stream), i);
    for (float& x : out.row(i)) x = random.normal();
    out.row(i)[i % 10] += 4;
  }
  return Rows::dense(std::move(out), {.id = "", .dims = 12, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0});
}
std::vector<std::uint32_t> cluster_numbers(std::size_t rows) {
  std::vector<std::uint32_t> out(rows);
  for (std::uint32_t i = 0; i < rows; ++i) out[i] = i % 10;
  return out;
}

TEST(OrderRisk, BuildsInEveryOrderAndSaysTheSpread) {
  const Rows base = clusters(1500, 1), queries = clusters(100, 2);
  quiver::Run run({.seed = kOrderSeed, .threads = 2});
  const OrderRiskOptions options{.spec = "hnsw(6,40)", .k = 10, .efforts = {10, 200}, .shuffles = 2, .lid = {.k = 50}};
  const auto risk = order_risk(base, queries, cluster_numbers(1500), options, run);
  ASSERT_TRUE(risk.has_value()) << risk.error().message();
  std::vector<std::string> names;
  for (const OrderOutcome& outcome : risk->outcomes) {
    names.push_back(outcome.order);
    ASSERT_EQ(outcome.recall.size(), 2U);
    EXPECT_EQ(outcome.per_query[0].size(), 100U);
    EXPECT_LT(outcome.recall[0].mean, outcome.recall[1].mean) << outcome.order;
    EXPECT_GT(outcome.recall[1].mean, 0.9) << outcome.order << ", seed " << kOrderSeed;
    EXPECT_GT(outcome.hub_skewness, 0) << outcome.order;
    EXPECT_LE(risk->outcomes[0].recall[0].mean - outcome.recall[0].mean, risk->spread[0]);
  }
  EXPECT_THAT(names, ElementsAre("shuffled 1", "shuffled 2", "lid descending", "lid ascending", "category",
                                 "category reversed"));
  EXPECT_TRUE(risk->advice == "shuffled" || std::ranges::count(names, risk->advice) == 1) << risk->advice;
  EXPECT_EQ(risk->dimension.lid.size(), 1500U);

  quiver::Run one({.seed = kOrderSeed, .threads = 1});
  const auto again = order_risk(base, queries, cluster_numbers(1500), options, one);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->spread, risk->spread);
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(again->outcomes[i].per_query, risk->outcomes[i].per_query) << names[i];
  }
}

TEST(OrderRisk, WithoutCategoriesFourOrdersRemain) {
  quiver::Run run({.seed = kOrderSeed, .threads = 2});
  const auto risk = order_risk(clusters(300, 1), clusters(20, 2), {}, {.shuffles = 2, .lid = {.k = 20}}, run);
  ASSERT_TRUE(risk.has_value()) << risk.error().message();
  EXPECT_EQ(risk->outcomes.size(), 4U);
  EXPECT_EQ(risk->advice, "shuffled");  // nothing is lost in 300 rows, so no order wins
}

TEST(OrderRisk, SaysWhatIsWrong) {
  quiver::Run run({.threads = 1});
  const Rows base = clusters(100, 1), queries = clusters(5, 2);
  const auto message = [&](const Rows& asked, std::span<const std::uint32_t> categories,
                           const OrderRiskOptions& options) {
    return order_risk(base, asked, categories, options, run).error().message();
  };
  EXPECT_THAT(message(queries, {}, {.spec = "flat"}), HasSubstr("'flat' is not built by insertion"));
  EXPECT_THAT(message(queries, {}, {.spec = "hnsw(1)"}), HasSubstr("M is 2"));
  EXPECT_THAT(message(queries, {}, {.efforts = {}}), HasSubstr("0 efforts"));
  EXPECT_THAT(message(clusters(0, 2), {}, {}), HasSubstr("0 queries"));
  EXPECT_THAT(message(queries, cluster_numbers(7), {}), HasSubstr("7 categories for 100 rows"));
  EXPECT_THAT(message(queries, {}, {.lid = {.k = 100}}), HasSubstr("take k from 1 to 99"));
  run.cancel();
  EXPECT_EQ(order_risk(base, queries, {}, {.lid = {.k = 20}}, run).error().code(), Code::Cancelled);
}

TEST(HoldOut, EveryRowIsOnOneSide) {
  const HeldOut split = hold_out(20, 6, kOrderSeed);
  EXPECT_EQ(split.queries.size(), 6U);
  EXPECT_TRUE(std::ranges::is_sorted(split.base));
  std::vector<std::uint32_t> all = split.base;
  all.insert(all.end(), split.queries.begin(), split.queries.end());
  std::ranges::sort(all);
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(all[i], i);
  EXPECT_EQ(hold_out(20, 6, kOrderSeed).queries, split.queries);
  EXPECT_TRUE(hold_out(3, 3, 1).base.empty());
}

TEST(Skewness, IsOfTheLongTail) {
  EXPECT_EQ(skewness_of({}), 0);
  const std::uint32_t equal[] = {2, 2, 2}, tail[] = {0, 0, 0, 4}, other_tail[] = {4, 4, 4, 0};
  EXPECT_EQ(skewness_of(equal), 0);
  EXPECT_NEAR(skewness_of(tail), 1.1547, 1e-4);
  EXPECT_NEAR(skewness_of(other_tail), -1.1547, 1e-4);
}

}  // namespace
}  // namespace quiver
