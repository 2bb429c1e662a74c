#include "quiver/inspect/origin.h"

#include <gtest/gtest.h>

#include "quiver/inspect/machine.h"

namespace quiver {
namespace {

TEST(Origin, NamesMachineAndVersion) {
  const Json origin = origin_json(3);
  EXPECT_EQ(origin.at("machine").at("cpu"), describe_machine().cpu);
  EXPECT_EQ(origin.at("machine").at("threads"), 3);
  EXPECT_TRUE(origin.contains("commit"));
  EXPECT_FALSE(origin.at("quiver").get<std::string>().empty());
  EXPECT_EQ(origin.at("created").get<std::string>().size(), std::string("2025-01-01T00:00:00Z").size());
}

TEST(Origin, DataAreKnownByTheirNumbers) {
  Matrix rows(3, 5), wider(3, 40);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 5; ++j) rows.row(i)[j] = wider.row(i)[j] = static_cast<float>(10 * i + j);
  }
  const Json data = data_json("base", rows.view());
  EXPECT_EQ(data.at("name"), "base");
  EXPECT_EQ(data.at("rows"), 3);
  EXPECT_EQ(data, data_json("base", {wider.data(), 3, 5, wider.stride()}));  // however they lie
  EXPECT_NE(data, data_json("base", rows.view().slice(0, 2)));
  rows.row(2)[4] = -1;
  EXPECT_NE(data, data_json("base", rows.view()));
  const Matrix none(0, 5);
  EXPECT_EQ(data_json("none", none.view()).at("rows"), 0);
}

}  // namespace
}  // namespace quiver
