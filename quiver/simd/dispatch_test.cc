// Which table of kernels a process gets, and the names and sizes of what is in it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "quiver/simd/internal/choice.h"
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
  EXPECT_EQ(features().neon, kernels_at(Level::Neon) != nullptr);
  EXPECT_FALSE(feature_list().empty());
}

void expect_choice(const char* wish, Level level, std::string_view note) {
  const Choice choice = choose(wish);
  ASSERT_NE(choice.kernels, nullptr);
  EXPECT_EQ(choice.kernels->level, level) << wish;
  EXPECT_NE(choice.note.find(note), std::string::npos) << choice.note;
}

TEST(Dispatch, ObeysWishesThatCanBeGranted) {
  const Level best = levels().back();
  expect_choice(nullptr, best, "the best level this CPU has");
  expect_choice("", best, "the best level this CPU has");
  expect_choice("scalar", Level::Scalar, "scalar, as QUIVER_SIMD asks");
  expect_choice("sse9", best, "QUIVER_SIMD is 'sse9', which is no level: use scalar, avx2, avx512 or neon");
  for (const Level level : {Level::Avx2, Level::Avx512, Level::Neon}) {
    const bool present = kernels_at(level) != nullptr;
    expect_choice(name(level).data(), present ? level : best, present ? "as QUIVER_SIMD asks" : "lacks");
  }
}

// CMakeLists.txt runs this with several values of QUIVER_SIMD.
TEST(Dispatch, TheProcessRunsWhatItsEnvironmentAsks) {
  const Choice asked = choose(std::getenv("QUIVER_SIMD"));
  EXPECT_EQ(&kernels(), asked.kernels);
  EXPECT_EQ(level_note(), asked.note);
}

// Where a test knows the processor, an emulated one, what was detected must be what that has.
TEST(Dispatch, SeesWhatTheProcessorHas) {
  const char* expected = std::getenv("QUIVER_EXPECTED_FEATURES");
  EXPECT_EQ(feature_list(), expected ? std::string_view(expected) : feature_list());
#if defined(__aarch64__)
  EXPECT_TRUE(features().neon);
  EXPECT_FALSE(features().avx2);
#elif defined(__x86_64__)
  EXPECT_FALSE(features().neon);
#endif
}

}  // namespace
}  // namespace quiver::simd::internal
