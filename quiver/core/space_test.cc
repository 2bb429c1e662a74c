#include "quiver/core/space.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(SpaceTest, EqualSpacesCompareOnAllCoordinates) {
  const Space a{.id = "one", .dims = 256};
  EXPECT_EQ(*comparable(a, a), 256U);
}
TEST(SpaceTest, UnknownSpacesCompareWhenLengthsAgree) {
  EXPECT_EQ(*comparable({.dims = 8}, {.id = "one", .dims = 8}), 8U);
  const auto refused = comparable({.dims = 8}, {.id = "one", .dims = 9});
  EXPECT_EQ(refused.error().code(), Code::InvalidArgument);
  EXPECT_NE(refused.error().message().find("8 dims with rows of 9 dims"), std::string::npos);
}
TEST(SpaceTest, DifferentModelsAreRefusedWithTheCure) {
  const auto refused = comparable({.id = "one", .dims = 8}, {.id = "two", .dims = 8});
  EXPECT_EQ(refused.error().code(), Code::FailedPrecondition);
  EXPECT_NE(refused.error().message().find("space one"), std::string::npos);
  EXPECT_NE(refused.error().message().find("quiver align"), std::string::npos);
}
TEST(SpaceTest, PrefixesCompareOnTheShorter) {
  const Space whole{.id = "one", .dims = 256};
  const Space part{.id = "one:64", .dims = 64, .prefix_of = "one", .prefix_dims = 64};
  const Space shorter{.id = "one:32", .dims = 32, .prefix_of = "one", .prefix_dims = 32};
  EXPECT_EQ(*comparable(part, whole), 64U);
  EXPECT_EQ(*comparable(whole, part), 64U);
  EXPECT_EQ(*comparable(part, shorter), 32U);
}

}  // namespace
}  // namespace quiver
