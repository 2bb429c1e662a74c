#include "bench/search/mask.h"

#include <gmock/gmock.h>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {

std::vector<std::uint32_t> rows_of(const Mask& mask, std::uint32_t rows) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (mask.allows(i)) out.push_back(i);
  }
  return out;
}

TEST(Mask, ScatteredHasItsPartAndDependsOnTheSeedAlone) {
  const Mask mask = Mask::scattered(1001, 0.1, 7);
  EXPECT_EQ(mask.allowed(), 100U);
  EXPECT_NEAR(mask.selectivity(), 0.1, 1e-3);
  EXPECT_EQ(rows_of(mask, 1001).size(), 100U);
  EXPECT_EQ(rows_of(mask, 1001), rows_of(Mask::scattered(1001, 0.1, 7), 1001));
  EXPECT_NE(rows_of(mask, 1001), rows_of(Mask::scattered(1001, 0.1, 8), 1001));
  EXPECT_EQ(Mask::scattered(1, 1e-9, 1).allowed(), 1U) << "never none";
  EXPECT_EQ(Mask::scattered(9, 1, 1).allowed(), 9U);
}

TEST(Mask, ARegionIsTheRowsAroundOneOfThem) {
  constexpr std::size_t kRows = 200;
  Matrix base(kRows, 2);
  Random random(3, 0);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (float& x : base.row(i)) x = random.normal();
  }
  const Mask mask = Mask::region(base.view(), 0.1, 5);
  const auto inside = rows_of(mask, kRows);
  ASSERT_EQ(inside.size(), 20U);
  bool some_centre = false;  // from one of the rows, all inside are nearer than all outside
  for (const std::uint32_t centre : inside) {
    double furthest = 0, nearest = 1e30;
    for (std::uint32_t i = 0; i < kRows; ++i) {
      const double d = distance(Metric::L2, base.row(i), base.row(centre));
      if (mask.allows(i))
        furthest = std::max(furthest, d);
      else
        nearest = std::min(nearest, d);
    }
    some_centre = some_centre || furthest <= nearest;
  }
  EXPECT_TRUE(some_centre);
}

TEST(Mask, AFileHoldsABitARow) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "mask";
  const Mask mask = Mask::scattered(77, 0.3, 1);
  ASSERT_TRUE(mask.save(path).has_value());
  const auto again = Mask::open(path, 77);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(rows_of(*again, 77), rows_of(mask, 77));
  EXPECT_EQ(again->allowed(), mask.allowed());
  const auto wrong = Mask::open(path, 500);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message(), testing::HasSubstr("10 bytes for 500 rows"));
  EXPECT_EQ(Mask::open(folder.path() / "none", 1).error().code(), Code::NotFound);
}

}  // namespace
}  // namespace quiver::bench
