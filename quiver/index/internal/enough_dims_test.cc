#include "quiver/index/internal/enough_dims.h"

#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 11;

// Rows that vary in `varying` coordinates, and `noise` as much in all others.
Matrix rows_in(std::size_t rows, std::size_t dims, std::size_t varying, float noise) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(kSeed, i);
    for (std::size_t d = 0; d < dims; ++d) out.row(i)[d] = random.normal() * (d % (dims / varying) == 0 ? 1 : noise);
  }
  return out;
}
void as_it_is(std::span<float>) {}

EnoughDims found_for(const Matrix& rows, bool rest, unsigned threads = 1, Metric metric = Metric::L2) {
  quiver::Run run({.seed = kSeed, .threads = threads});
  auto found = enough_dims(metric, rows.view(), as_it_is, rest, run);
  EXPECT_TRUE(found.has_value()) << found.error().message();
  return *std::move(found);
}

TEST(EnoughDims, AreAsManyAsTheRowsVaryIn) {
  for (const std::size_t varying : {20U, 48U, 80U}) {
    for (const Metric metric : {Metric::L2, Metric::Dot}) {
      const Matrix rows = rows_in(1500, 240, varying, 1e-4F);
      const EnoughDims found = found_for(rows, false, 1, metric);
      EXPECT_LE(found.dims, (varying + 15) / 16 * 16);
      EXPECT_GE(found.dims + 16, varying);
      ASSERT_TRUE(found.basis.has_value());
      EXPECT_EQ(found.basis->to(), 240U);
    }
  }
}

TEST(EnoughDims, AreAllWhereNearlyAllAreNeeded) {
  EXPECT_EQ(found_for(rows_in(1500, 100, 100, 1), false).dims, 100U);
  EXPECT_EQ(found_for(rows_in(1500, 100, 100, 1), true).dims, 100U);
}

TEST(EnoughDims, OfFewAreAllOfThem) {
  const EnoughDims narrow = found_for(rows_in(300, 30, 5, 0.1F), true),
                   few = found_for(rows_in(20, 200, 5, 0.1F), true);
  EXPECT_EQ(narrow.dims, 30U);
  EXPECT_EQ(few.dims, 20U);
  EXPECT_FALSE(narrow.basis.has_value());
  EXPECT_FALSE(few.basis.has_value());
}

// What the projection leaves out adds about as much to every near distance: its length stands for it.
TEST(EnoughDims, AreFewerWithTheLengthOfTheRest) {
  Matrix rows = clustered(3000, 192, kSeed);
  const std::size_t without = found_for(rows, false).dims, with = found_for(rows, true).dims;
  EXPECT_LE(with, without);
  EXPECT_EQ(with % 16, 0U);
}

TEST(EnoughDims, AreTheSameWhateverTheThreads) {
  const Matrix rows = clustered(2000, 128, kSeed);
  EXPECT_EQ(found_for(rows, true, 1).dims, found_for(rows, true, 3).dims);
}

TEST(EnoughDims, StopWhenCancelled) {
  const Matrix rows = rows_in(200, 64, 64, 1);
  quiver::Run run({.threads = 1});
  run.cancel();
  EXPECT_EQ(enough_dims(Metric::L2, rows.view(), as_it_is, true, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::internal
