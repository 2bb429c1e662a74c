#include "quiver/data/inner_sphere.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/core/linalg.h"

namespace quiver {
namespace {
constexpr std::uint64_t kSeed = 5;

TEST(InnerSphere, RowsAreOfLengthOneAndSpanInnerDims) {
  Threads threads(2);
  for (const std::size_t inner : {1U, 3U, 16U}) {
    const Matrix rows = InnerSphere(inner, 16, kSeed).draw(200, 1, threads);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      double squares = 0;
      for (const float x : rows.row(i)) squares += double{x} * x;
      EXPECT_NEAR(squares, 1, 1e-5) << "row " << i << ", inner " << inner << ", seed " << kSeed;
    }
    const auto parts = svd(rows.view());
    ASSERT_TRUE(parts.has_value()) << parts.error().message();
    EXPECT_EQ(std::ranges::count_if(parts->s, [](float s) { return s > 1e-3F; }), static_cast<std::ptrdiff_t>(inner));
  }
}

TEST(InnerSphere, MoreRowsKeepTheFirstAndThreadsChangeNothing) {
  Threads one(1), two(2);
  const InnerSphere sphere(4, 9, kSeed);
  const Matrix few = sphere.draw(70, 1, one), many = sphere.draw(300, 1, two), others = sphere.draw(70, 2, one);
  for (std::size_t i = 0; i < few.rows(); ++i) {
    EXPECT_TRUE(std::ranges::equal(few.row(i), many.row(i))) << i;
    EXPECT_FALSE(std::ranges::equal(few.row(i), others.row(i))) << i;
  }
  EXPECT_EQ(sphere.draw(0, 1, one).rows(), 0U);
  EXPECT_FALSE(std::ranges::equal(few.row(0), InnerSphere(4, 9, kSeed + 1).draw(1, 1, one).row(0)));
}

}  // namespace
}  // namespace quiver
