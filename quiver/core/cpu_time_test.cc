#include "quiver/core/cpu_time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "quiver/core/threads.h"

namespace quiver {
namespace {

TEST(CpuTime, CountsWorkAndNotWaiting) {
  const double start = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(cpu_seconds() - start, 0.04);
  volatile double sum = 0;
  const double before = cpu_seconds();
  while (cpu_seconds() - before < 0.02) sum = sum + 1;
  EXPECT_GT(sum, 0);
}

TEST(CpuTime, CountsEveryThread) {
  Threads threads(2);
  const double before = cpu_seconds();
  threads.parallel_for(2, 1, [](std::size_t, std::size_t, unsigned) {
    volatile double sum = 0;
    for (int i = 0; i < 3'000'000; ++i) sum = sum + i;
  });
  EXPECT_GT(cpu_seconds() - before, 0.001);
}

}  // namespace
}  // namespace quiver
