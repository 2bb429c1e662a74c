#include "quiver/cli/quantities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver::cli {
namespace {
using testing::HasSubstr;

TEST(Quantities, MemoryHasUnits) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"65536", 65536},
                                                         {"2GB", 2'000'000'000},
                                                         {"2 gb", 2'000'000'000},
                                                         {"1.5GiB", 1'610'612'736},
                                                         {"800M", 800'000'000},
                                                         {"1kb", 1000},
                                                         {"1KiB", 1024},
                                                         {"3MiB", 3'145'728},
                                                         {"1T", 1'000'000'000'000},
                                                         {"7b", 7}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = parse_bytes(text);
    ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message();
    EXPECT_EQ(*parsed, bytes) << text;
  }
  for (const char* text : {"", "GB", "2 gigs", "-1GB", "0", "two GB", "2GBB", "0.1b", "9999999999TB"}) {
    const auto parsed = parse_bytes(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code(), Code::InvalidArgument);
    EXPECT_THAT(parsed.error().message(), HasSubstr("is no amount of memory; write 2GB"));
  }
}

TEST(Quantities, TimeHasUnits) {
  EXPECT_EQ(*parse_duration("45"), 45);
  EXPECT_EQ(*parse_duration("90s"), 90);
  EXPECT_EQ(*parse_duration("10m"), 600);
  EXPECT_EQ(*parse_duration("10 min"), 600);
  EXPECT_EQ(*parse_duration("1.5h"), 5400);
  for (const char* text : {"", "m", "10 days", "-5s", "0"}) {
    ASSERT_FALSE(parse_duration(text).has_value()) << text;
    EXPECT_THAT(parse_duration(text).error().message(), HasSubstr("is no length of time; write 90s"));
  }
}

}  // namespace
}  // namespace quiver::cli
