#include "bench/search/protocol.h"

#include <gmock/gmock.h>

namespace quiver::bench {
namespace {
using testing::HasSubstr;

TEST(Protocol, WhatIsWrittenIsReadBack) {
  const Ready ready{"hnswlib", "M16-efC200", "mnist", 25.25, 3284};
  const auto again = parse_ready(to_line(ready) + "\n");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(to_line(*again), to_line(ready));
  EXPECT_EQ(again->config, "M16-efC200");

  const Answer answer{"symqg", "R32", "sift", 80, 0.97957, 24472.6, 24412, 41.4, 39.8, 1536};
  const auto read = parse_answer(to_line(answer));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(to_line(*read), to_line(answer));
  EXPECT_EQ(read->effort, 80U);
  EXPECT_DOUBLE_EQ(read->recall, 0.97957);

  const auto rows = parse_filter("FILTER,600\r\n");
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(*rows, 600U);
}

TEST(Protocol, ALineThatIsNotUnderstoodIsQuoted) {
  for (const char* line : {"", "READY", "READY,a,b,c,1", "READY,a,b,c,x,1", "READY,a,b,c,-1,1", "READY,a,b,c,nan,1",
                           "ready,a,b,c,1,1", "READY,a,b,c,1,1,1"}) {
    const auto ready = parse_ready(line);
    ASSERT_FALSE(ready.has_value()) << line;
    EXPECT_EQ(ready.error().code(), Code::InvalidArgument);
    EXPECT_THAT(ready.error().message(), HasSubstr("wrote '" + std::string(line) + "'"));
  }
  for (const char* line :
       {"a,b,c,10,1.5,1,1,1,1,1", "a,b,c,10,.9,1,1,1,1", "a,b,c,,.9,1,1,1,1,1", "a,b,c,1e10,1,1,1,1,1,1"}) {
    EXPECT_FALSE(parse_answer(line).has_value()) << line;
  }
  EXPECT_FALSE(parse_filter("FILTER").has_value());
  EXPECT_FALSE(parse_filter("FILTER,many").has_value());
}

TEST(Protocol, ASearcherMaySayNo) {
  const auto answer = parse_filter("NO,glass has no filters");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::Unsupported);
  EXPECT_THAT(answer.error().message(), HasSubstr("glass has no filters"));
}

}  // namespace
}  // namespace quiver::bench
