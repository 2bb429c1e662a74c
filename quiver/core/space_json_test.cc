#include "quiver/core/space_json.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(SpaceJson, SurvivesTheRoundTrip) {
  for (const Space& space :
       {Space{.id = "qv:1", .dims = 256, .metric = Metric::Cosine},
        Space{.id = "", .dims = 3, .metric = Metric::Hamming},
        Space{.id = "qv:2", .dims = 64, .metric = Metric::Dot, .prefix_of = "qv:1", .prefix_dims = 64}}) {
    const auto again = space_from_json(space_to_json(space));
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(*again, space);
  }
}

TEST(SpaceJson, RefusesWhatIsMissingOrWrong) {
  const Json good = space_to_json({.id = "qv:1", .dims = 4, .metric = Metric::L2});
  for (const char* key : {"id", "dims", "metric"}) {
    Json without = good;
    without.erase(key);
    const auto space = space_from_json(without);
    ASSERT_FALSE(space.has_value());
    EXPECT_NE(space.error().message().find(key), std::string::npos);
  }
  Json odd = good;
  odd["metric"] = "l3";
  EXPECT_FALSE(space_from_json(odd).has_value());
}

}  // namespace
}  // namespace quiver
