#include "quiver/core/progress.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(ProgressTest, TextShowsShareRateAndEta) {
  EXPECT_EQ(progress_text({"encode", 25'000, 100'000, 2.5, ""}),
            "encode       25,000 / 100,000   25 %  10,000/s  ETA 7.5 s");
  EXPECT_EQ(progress_text({"train", 100, 100, 80, "loss 1.2"}),
            "train        100 / 100  100 %  1.25/s  1 min 20 s  loss 1.2");
  EXPECT_EQ(progress_text({"read", 7, 0, 0, ""}), "read         7  0.0 s");
}
TEST(ProgressTest, JsonIsOneLine) {
  EXPECT_EQ(progress_json({"encode", 1, 4, 2.0, "x"}, false),
            R"({"stage":"encode","done":1,"total":4,"seconds":2.0,"eta":6.0,"note":"x","finished":false})");
}
TEST(ProgressTest, DurationsAndNumbersReadWell) {
  EXPECT_EQ(duration_text(0.44), "0.4 s");
  EXPECT_EQ(duration_text(3723), "1 h 2 min");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace quiver
