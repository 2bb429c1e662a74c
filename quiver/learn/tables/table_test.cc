#include "quiver/learn/tables/table.h"

#include <gtest/gtest.h>

namespace quiver::learn {
namespace {

TEST(TableTest, AddsUpWhatBackwardPassesFound) {
  Table table("t", torch::zeros({5, 2}));
  table.accumulate({{1, 4}, torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}})});
  table.accumulate({{0, 4}, torch::tensor({{5.0F, 6.0F}, {7.0F, 8.0F}})});
  table.accumulate({{4}, torch::tensor({{100.0F, 0.0F}})});
  const RowGradient& sum = table.gradient();
  EXPECT_EQ(sum.rows, (std::vector<std::uint32_t>{0, 1, 4}));
  EXPECT_TRUE(torch::equal(sum.values, torch::tensor({{5.0F, 6.0F}, {1.0F, 2.0F}, {110.0F, 12.0F}})));
  EXPECT_EQ(table.gradient().rows.size(), 3U);  // asking again changes nothing
}

TEST(TableTest, ClearsItsGradient) {
  Table table("t", torch::zeros({3, 1}));
  EXPECT_TRUE(table.gradient().rows.empty());
  EXPECT_EQ(table.gradient().values.size(1), 1);
  table.accumulate({{2}, torch::ones({1, 1})});
  EXPECT_EQ(table.gradient().rows.size(), 1U);
  table.clear_gradient();
  table.accumulate({{}, torch::zeros({0, 1})});
  EXPECT_TRUE(table.gradient().rows.empty());
}

TEST(TableDeathTest, RefusesRowsItDoesNotHave) {
  Table table("t", torch::zeros({3, 1}));
  EXPECT_DEATH(table.accumulate({{3}, torch::ones({1, 1})}), "rows\\(\\)");
}

}  // namespace
}  // namespace quiver::learn
