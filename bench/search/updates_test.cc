#include "bench/search/updates.h"

#include <gtest/gtest.h>

#include "quiver/core/random.h"

namespace quiver::bench {
namespace {

Matrix drawn_rows(std::size_t rows, std::uint64_t seed) {
  Matrix out(rows, 6);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}

TEST(Updates, AnExactIndexLosesNothingByReplacingRows) {
  const Matrix base = drawn_rows(301, 1), queries = drawn_rows(20, 2);
  quiver::Run run({.seed = 1, .threads = 1});
  const UpdatesOptions options{.spec = "flat", .rounds = 2, .recalls = {0.9}};
  const auto measured = run_updates(base.view(), queries.view(), options, run);
  ASSERT_TRUE(measured.has_value()) << measured.error().message();
  ASSERT_EQ(measured->size(), 6U);
  EXPECT_EQ((*measured)[0]["arm"], "replaced");
  EXPECT_EQ((*measured)[0]["metric"], "recall@asked-0.9");
  EXPECT_EQ((*measured)[0]["value"], 1);
  EXPECT_EQ((*measured)[2]["arm"], "fresh");
  EXPECT_EQ((*measured)[2]["value"], 1);
  EXPECT_EQ((*measured)[3]["rounds"].size(), 2U);
  EXPECT_EQ((*measured)[4]["arm"], "insert");
  EXPECT_EQ((*measured)[5]["metric"], "cpu_us_a_row");
}

TEST(Updates, TwoRowsAreTooFew) {
  const Matrix base = drawn_rows(2, 1);
  quiver::Run run({.seed = 1, .threads = 1});
  EXPECT_EQ(run_updates(base.view(), base.view(), {}, run).error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace quiver::bench
