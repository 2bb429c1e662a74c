// $slug: the paper's identity on toy input, and one clear refusal per kind of bad input. Seconds, no download.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/recipes/registry.h"

namespace quiver {
namespace {

TEST($suite, FitNeedsATrainingSet) {
  const auto recipe = find_recipe("$slug");
  ASSERT_TRUE(recipe.has_value()) << recipe.error().message();
  Run run;
  const auto fitted = (*recipe)->fit({}, {}, run);
  ASSERT_FALSE(fitted.has_value());
  EXPECT_THAT(fitted.error().message(), testing::HasSubstr("train"));
}

TEST($suite, AnOptionOutsideItsRangeIsNamed) {
  const auto recipe = find_recipe("$slug");
  ASSERT_TRUE(recipe.has_value()) << recipe.error().message();
  Settings settings;
  settings.set("dims", "0");
  const auto complete = (*recipe)->complete(settings);
  ASSERT_FALSE(complete.has_value());
  EXPECT_THAT(complete.error().message(), testing::HasSubstr("dims"));
}

// >>> The invariant or identity that the paper proves, on toy input; a gradient or a bound against its simple form.

}  // namespace
}  // namespace quiver
