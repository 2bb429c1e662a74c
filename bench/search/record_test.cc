#include "bench/search/record.h"

#include <gmock/gmock.h>

#include <optional>

namespace quiver::bench {
namespace {

Lane lane(const std::string& peer, const std::string& config, bool ours, double speed, double highest = 1) {
  Lane out;
  out.entrant.label = peer;
  out.entrant.ours = ours;
  out.ready = {peer, config, "d", 10 * speed, 100 * speed};
  for (const auto& [effort, recall] : {std::pair{10U, 0.9}, {20U, 0.95}, {40U, 0.99}}) {
    if (recall > highest) continue;
    for (const double mood : {1.0, 0.5, 2.0}) {
      out.answers[effort].push_back(
          {.effort = effort, .recall = recall, .median_qps = mood * speed / effort, .p50_us = 3});
    }
  }
  return out;
}

std::optional<double> value(const Json& measured, const std::string& arm, const std::string& metric) {
  for (const Json& entry : measured) {
    if (entry["arm"] == arm && entry["metric"] == metric) return entry["value"].get<double>();
  }
  return {};
}

TEST(Record, ArmsAreOursTheBestAndEachPeer) {
  std::vector<Lane> lanes;
  lanes.push_back(lane("quiver", "graph/batch", true, 400));
  lanes.push_back(lane("quiver", "graph/single", true, 200));
  lanes.push_back(lane("quiver", "flat/batch", true, 1));
  lanes.push_back(lane("a", "x", false, 100, 0.95));
  lanes.push_back(lane("a", "y", false, 90));
  lanes.push_back(lane("b", "z/batch", false, 150, 0.9));
  lanes.push_back(lane("dead", "-", false, 150, 0));
  const std::vector<double> targets{0.9, 0.95, 0.99, 0.999};
  const Json all = measured_json(lanes, targets, "");
  EXPECT_EQ(value(all, "quiver", "qps@0.95"), 20);
  EXPECT_EQ(value(all, "quiver single", "qps@0.95"), 10);
  EXPECT_EQ(value(all, "quiver (flat)", "qps@0.9"), 0.1);
  EXPECT_EQ(value(all, "best peer", "qps@0.9"), 15);
  EXPECT_EQ(value(all, "best peer single", "qps@0.9"), 10);
  EXPECT_EQ(value(all, "best peer", "qps@0.95"), 5);
  EXPECT_EQ(value(all, "a", "qps@0.99"), 90.0 / 40);
  EXPECT_EQ(value(all, "b", "qps@0.95"), std::nullopt);
  EXPECT_EQ(value(all, "quiver", "qps@0.999"), std::nullopt);
  EXPECT_EQ(value(all, "a", "highest_recall"), 0.99);
  EXPECT_EQ(value(all, "quiver", "bytes"), 40'000);
  EXPECT_EQ(value(all, "dead", "highest_recall"), std::nullopt);
  for (const Json& entry : all) {
    if (entry["arm"] == "best peer" && entry["metric"] == "qps@0.9") {
      EXPECT_EQ(entry["rounds"], Json({15, 7.5, 30}));
      EXPECT_EQ(entry["who"], "b z/batch");
      EXPECT_EQ(entry["kind"], "between");
    }
  }
  EXPECT_EQ(value(measured_json(lanes, targets, "/1%"), "a", "qps@0.9/1%"), 10);
}

TEST(Record, LanesKeepEveryRound) {
  std::vector<Lane> lanes;
  lanes.push_back(lane("a", "x", false, 100));
  const Json json = lanes_json(lanes);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["points"].size(), 3U);
  EXPECT_EQ(json[0]["points"][1]["effort"], 20);
  EXPECT_EQ(json[0]["points"][1]["qps"], 5);
  EXPECT_EQ(json[0]["points"][1]["rounds"], Json({5.0, 2.5, 10.0}));
  EXPECT_EQ(json[0]["batch"], false);
  EXPECT_DOUBLE_EQ(front_of_lane(json[0]).at(0.95).qps, 5);
  EXPECT_TRUE(front_of_lane(Json::object()).points().empty());
}

}  // namespace
}  // namespace quiver::bench
