#include "quiver/inspect/machine.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(Machine, IsDescribedWithoutMeasuring) {
  const Machine machine = describe_machine();
  EXPECT_FALSE(machine.cpu.empty());
  EXPECT_FALSE(machine.simd.empty());
  EXPECT_GE(machine.threads, 1U);
  EXPECT_GT(machine.memory_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(machine.read_gb_per_s, 0);
}

TEST(Machine, MeasuresSomethingPlausible) {
  quiver::Run run({.threads = 2});
  const Machine machine = measure_machine(run, std::size_t{8} << 20);
  EXPECT_EQ(machine.threads, 2U);
  EXPECT_GT(machine.read_gb_per_s, 0.05);
  EXPECT_LT(machine.read_gb_per_s, 1e5);
  EXPECT_GT(machine.gemm_gflop_per_s, 0.05);
  EXPECT_LT(machine.gemm_gflop_per_s, 1e6);
}

TEST(Machine, TheBetterOfTwoMeasurementsIsKeptRateByRate) {
  const Machine before{.cpu = "one", .simd = {}, .read_gb_per_s = 40, .gemm_gflop_per_s = 200};
  const Machine after{.cpu = "two", .simd = {}, .read_gb_per_s = 80, .gemm_gflop_per_s = 150};
  const Machine best = better_of(before, after);
  EXPECT_EQ(best.cpu, "one");
  EXPECT_EQ(best.read_gb_per_s, 80);
  EXPECT_EQ(best.gemm_gflop_per_s, 200);
}

}  // namespace
}  // namespace quiver
