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

}  // namespace
}  // namespace quiver
