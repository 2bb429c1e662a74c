#include "quiver/recipes/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver::recipes {
namespace {
using testing::ElementsAre;

Matrix line(std::initializer_list<float> places) {
  Matrix out(places.size(), 1);
  std::size_t i = 0;
  for (const float x : places) out.row(i++)[0] = x;
  return out;
}

TEST(Neighbours, OverlapCountsTrueHitsAmongTheFirstFound) {
  quiver::Run run({.threads = 1});
  const Matrix base = line({0, 1, 2, 3, 10}), queries = line({0, 9}), turned = line({10, 3, 2, 1, 0});
  const auto truth = exact_hits(base.view(), queries.view(), Metric::L2, 2, run);    // rows 0 1; 4 3
  const auto found = exact_hits(turned.view(), queries.view(), Metric::L2, 4, run);  // rows 4 3 2 1; 0 1 2 3
  ASSERT_TRUE(truth.has_value() && found.has_value());
  EXPECT_THAT(overlap(*truth, *found, 3), ElementsAre(0, 0));
  EXPECT_THAT(overlap(*truth, *found, 4), ElementsAre(0.5, 0.5));
  EXPECT_THAT(overlap(*truth, *found, 100), ElementsAre(0.5, 0.5));
  EXPECT_THAT(overlap(*truth, *truth, 2), ElementsAre(1, 1));
}

TEST(Neighbours, DrawnRowsKeepTheirOrderAndAllAreThereIfFewerExist) {
  const Matrix base = line({5, 6, 7, 8, 9});
  const Matrix all = drawn_rows(base.view(), 9, 1, "test"), some = drawn_rows(base.view(), 3, 1, "test");
  ASSERT_EQ(all.rows(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(all.row(i)[0], base.row(i)[0]);
  ASSERT_EQ(some.rows(), 3U);
  EXPECT_LT(some.row(0)[0], some.row(1)[0]);
  EXPECT_LT(some.row(1)[0], some.row(2)[0]);
}

TEST(Neighbours, AnyElementTypeBecomesFloats) {
  const Matrix base = line({1, 2, 3});
  auto bytes = to_element(base.view(), Element::U8);
  ASSERT_TRUE(bytes.has_value());
  const auto floats = float_rows(Rows::dense(*std::move(bytes), {}));
  ASSERT_TRUE(floats.has_value());
  EXPECT_EQ(floats->row(2)[0], 3);
}

}  // namespace
}  // namespace quiver::recipes
