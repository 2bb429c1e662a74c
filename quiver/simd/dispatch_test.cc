// Which table of kernels a process gets, and the names and sizes of what is in it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {
namespace {

TEST(Elements, HaveSizesAndNames) {
  EXPECT_EQ(bytes_of(Element::Bit, 9), 2u);
  EXPECT_EQ(bytes_of(Element::F16, 9), 18u);
  EXPECT_EQ(bytes_of(Element::F32, 0), 0u);
  EXPECT_EQ(name(Element::Bf16), "bf16");
  EXPECT_EQ(name(Metric::Manhattan), "manhattan");
}

TEST(Dispatch, EveryTableIsComplete) {
  for (const Level level : levels()) {
    const Kernels& k = *kernels_at(level);
    EXPECT_EQ(k.level, level);
    for (const Metric metric : kAllMetrics)
      for (const Element element : kAllElements) EXPECT_NE(k.distance(metric, element), nullptr);
    for (const BlockKernel kernel : {k.l2_f32_f16, k.dot_f32_f16, k.dot_f32_u8, k.dot_f32_u4, k.dot_i8_u8, k.dot_i8_u4})
      EXPECT_NE(kernel, nullptr);
  }
  EXPECT_EQ(kernels_at(static_cast<Level>(9)), nullptr);
  EXPECT_EQ(features().avx2, kernels_at(Level::Avx2) != nullptr);
  EXPECT_FALSE(feature_list().empty());
}

// The choice is made once per process, so each wish is tried in a fresh one that inherits it and reports by its exit
// status whether it runs `level` and says `note`.
void expect_choice(const char* wish, Level level, std::string_view note) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  setenv("QUIVER_SIMD", wish, 1);
  EXPECT_EXIT(std::exit(kernels().level == level && level_note().find(note) != std::string_view::npos ? 0 : 1),
              testing::ExitedWithCode(0), "")
      << wish;
  unsetenv("QUIVER_SIMD");
}

TEST(DispatchDeathTest, ObeysQuiverSimd) {
  const Level best = levels().back();
  expect_choice("", best, "the best level this CPU has");
  expect_choice("scalar", Level::Scalar, "scalar, as QUIVER_SIMD asks");
  expect_choice("neon", best, "QUIVER_SIMD is 'neon', which is no level: use scalar, avx2 or avx512");
  for (const Level level : {Level::Avx2, Level::Avx512}) {
    const bool present = kernels_at(level) != nullptr;
    expect_choice(name(level).data(), present ? level : best, present ? "as QUIVER_SIMD asks" : "lacks");
  }
}

}  // namespace
}  // namespace quiver::simd::internal
