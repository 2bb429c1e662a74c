#include "quiver/core/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace quiver {
namespace {

TEST(ThreadsTest, CoversEveryIndexOnce) {
  for (const unsigned count : {1U, 2U, 5U}) {
    Threads threads(count);
    EXPECT_EQ(threads.count(), count);
    for (const std::size_t n : {0U, 1U, 7U, 1000U}) {
      for (const std::size_t grain : {0U, 1U, 3U, 2000U}) {
        std::vector<std::atomic<int>> seen(n);
        threads.parallel_for(n, grain, [&](std::size_t begin, std::size_t end, unsigned worker) {
          EXPECT_LT(worker, count);
          for (std::size_t i = begin; i < end; ++i) ++seen[i];
        });
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(seen[i], 1) << n << " " << grain;
      }
    }
  }
}
TEST(ThreadsTest, NestedCallsRunInline) {
  Threads threads(3);
  std::atomic<int> total{0};
  threads.parallel_for(8, 1, [&](std::size_t, std::size_t, unsigned outer) {
    threads.parallel_for(10, 1, [&](std::size_t begin, std::size_t end, unsigned inner) {
      EXPECT_EQ(outer, inner);
      total += static_cast<int>(end - begin);
    });
  });
  EXPECT_EQ(total, 80);
}
TEST(ThreadsTest, CallersTakeTurns) {
  Threads threads(2);
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        threads.parallel_for(
            20, 3, [&](std::size_t begin, std::size_t end, unsigned) { total += static_cast<int>(end - begin); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 50 * 20);
}
TEST(ThreadsTest, ZeroMeansTheMachine) { EXPECT_EQ(Threads(0).count(), Threads::hardware()); }

}  // namespace
}  // namespace quiver
