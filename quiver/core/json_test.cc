#include "quiver/core/json.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(JsonTest, KeepsTheOrderOfKeys) {
  auto value = parse_json(R"({"zebra": 1, "ant": [true, null]})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(dump_json(*value, -1), R"({"zebra":1,"ant":[true,null]})");
}
TEST(JsonTest, NamesThePlaceOfAnError) {
  const auto refused = parse_json("{\"a\": 1,\n \"b\": }");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message().find("line 2, column 7"), std::string::npos) << refused.error().message();
}
TEST(JsonTest, GetSaysWhatIsThere) {
  const Json object = Json::parse(R"({"dims": 3, "name": "x"})");
  EXPECT_EQ(*get<int>(object, "dims"), 3);
  EXPECT_EQ(*get_or<int>(object, "rows", 9), 9);
  EXPECT_EQ(get<int>(object, "rows").error().message(), "reading JSON: no key 'rows'; there is dims, name");
  EXPECT_EQ(get<int>(object, "name").error().message(), "reading JSON key 'name': a string is not what belongs there");
  EXPECT_EQ(get<int>(Json(3), "name").error().message(), "reading JSON key 'name': expected an object, found number");
}
TEST(JsonTest, BrokenTextIsReplacedNotThrown) {
  const Json value = std::string("caf\xE9");
  EXPECT_EQ(dump_json(value, -1), "\"caf\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace quiver
