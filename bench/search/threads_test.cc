#include "bench/search/threads.h"

#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace quiver::bench {
namespace {

TEST(Threads, EveryCountIsMeasuredInEveryRound) {
  Matrix base(400, 6);
  for (std::size_t i = 0; i < base.rows(); ++i) {
    Random random(1, i);
    for (float& x : base.row(i)) x = random.normal();
  }
  quiver::Run run({.seed = 1, .threads = 1});
  const Space space{.id = {}, .dims = 6, .metric = Metric::L2, .prefix_of = {}};
  const auto index = build_index(IndexSpec{}, base.view(), space, {}, run);
  ASSERT_TRUE(index.has_value());
  const ThreadsOptions options{.turn_seconds = 1e-4, .threads = {1, 2, 3}, .rounds = 2};
  const auto measured = run_threads(**index, base.view().slice(0, 30), options, run);
  ASSERT_TRUE(measured.has_value()) << measured.error().message();
  ASSERT_EQ(measured->size(), 3U);
  EXPECT_EQ((*measured)[0]["arm"], "1 thread");
  EXPECT_EQ((*measured)[2]["arm"], "3 threads");
  EXPECT_EQ((*measured)[2]["metric"], "wall_qps@0.95");
  EXPECT_EQ((*measured)[1]["rounds"].size(), 2U);
  EXPECT_GT((*measured)[1]["value"].get<double>(), 0);
  run.cancel();
  EXPECT_EQ(run_threads(**index, base.view().slice(0, 30), options, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::bench
