#include "quiver/learn/prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace quiver::learn {
namespace {

TEST(Prefetch, GivesTheBatchOfEveryStepThatIsAskedFor) {
  Prefetch<std::vector<std::uint64_t>> batches([](std::uint64_t step) { return std::vector{step, step * step}; });
  for (const std::uint64_t step : {0, 1, 2, 7, 8, 3, 3, 4})
    EXPECT_EQ(batches.take(step), (std::vector{step, step * step})) << step;
}

TEST(Prefetch, DrawsOneAheadOnAnotherThread) {
  std::atomic<std::uint64_t> drawn{0};
  std::atomic<bool> same_thread{false};
  const auto owner = std::this_thread::get_id();
  {
    Prefetch<std::uint64_t> batches([&](std::uint64_t step) {
      if (std::this_thread::get_id() == owner) same_thread = true;
      ++drawn;
      return step;
    });
    EXPECT_EQ(batches.take(0), 0U);
    EXPECT_EQ(batches.take(1), 1U);
    EXPECT_GE(batches.waited_seconds(), 0.0);
  }
  EXPECT_EQ(drawn, 3U);  // 0, 1, and 2 ahead
  EXPECT_FALSE(same_thread);
}

TEST(Prefetch, WhatDrawingThrowsComesOutOfTake) {
  Prefetch<int> batches([](std::uint64_t step) -> int {
    if (step == 1) throw std::runtime_error("a damaged picture");
    return 0;
  });
  EXPECT_EQ(batches.take(0), 0);
  EXPECT_THROW(batches.take(1), std::runtime_error);
  EXPECT_EQ(batches.take(2), 0);
}

}  // namespace
}  // namespace quiver::learn
