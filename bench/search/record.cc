#include "bench/search/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace quiver::bench {
namespace {

struct At {
  const Lane* lane = nullptr;
  Speed speed;
};
using Pick = std::function<bool(const Lane&)>;

bool took_part(const Lane& lane) { return !lane.answers.empty(); }

// The fastest of the picked lanes at a recall.
At fastest(std::span<const Lane> lanes, const Pick& pick, double target) {
  At best;
  for (const Lane& lane : lanes) {
    if (!took_part(lane) || !pick(lane)) continue;
    const Speed speed = lane.front().at(target);
    if (speed.kind != SpeedKind::Never && speed.qps > best.speed.qps) best = {&lane, speed};
  }
  return best;
}

std::string who_of(const Lane& lane) { return lane.ready.peer + " " + lane.ready.config; }

void add_arm(Json& out, std::span<const Lane> lanes, const std::string& arm, const Pick& pick,
             std::span<const double> targets, const std::string& suffix) {
  const Lane* middle = nullptr;
  for (const double target : targets) {
    const At at = fastest(lanes, pick, target);
    if (at.lane == nullptr) continue;
    if (middle == nullptr || target <= 0.95) middle = at.lane;
    MeasuredValue rate{at.speed.qps, {}, who_of(*at.lane), std::string(name_of(at.speed.kind))};
    for (std::size_t i = 0; i < at.lane->rounds(); ++i) {
      const Speed speed = at.lane->front_of_round(i).at(target);
      if (speed.kind != SpeedKind::Never) rate.rounds.push_back(speed.qps);
    }
    out.push_back(measured_entry(arm, fmt::format("qps@{:g}{}", target, suffix), rate));
    out.push_back(
        measured_entry(arm, fmt::format("p50_us@{:g}{}", target, suffix), {at.speed.p50_us, {}, rate.who, rate.kind}));
  }
  double highest = -1;
  for (const Lane& lane : lanes) {
    if (took_part(lane) && pick(lane)) highest = std::max(highest, lane.front().highest_recall());
  }
  if (highest >= 0) out.push_back(measured_entry(arm, "highest_recall" + suffix, {highest, {}, {}, {}}));
  if (middle != nullptr && suffix.empty()) {
    out.push_back(measured_entry(arm, "bytes", {middle->ready.bytes_per_vector, {}, who_of(*middle), {}}));
    out.push_back(measured_entry(arm, "build_cpu_seconds", {middle->ready.build_cpu_seconds, {}, who_of(*middle), {}}));
  }
}

}  // namespace

bool is_batch(const Lane& lane) { return lane.ready.config.ends_with("/batch"); }

Front front_of_lane(const Json& lane) {
  std::vector<Point> points;
  const Json written = get_or(lane, "points", Json::array()).value_or(Json::array());
  for (const Json& point : written) {
    const auto number = [&](const char* key) { return get_or(point, key, 0.0).value_or(0.0); };
    points.push_back({get_or(point, "effort", 0U).value_or(0U), number("recall"), number("qps"), number("p50_us")});
  }
  return Front(std::move(points));
}

Json measured_entry(const std::string& arm, const std::string& metric, const MeasuredValue& value) {
  Json out{{"arm", arm}, {"metric", metric}, {"value", value.value}};
  if (!value.rounds.empty()) out["rounds"] = value.rounds;
  if (!value.who.empty()) out["who"] = value.who;
  if (!value.kind.empty()) out["kind"] = value.kind;
  return out;
}

Json lanes_json(std::span<const Lane> lanes) {
  Json out = Json::array();
  for (const Lane& lane : lanes) {
    Json points = Json::array();
    for (const auto& [effort, answers] : lane.answers) {
      const Front one = Lane{lane.entrant, lane.ready, {}, {{effort, answers}}, {}}.front();
      if (one.points().empty()) continue;
      const Point& point = one.points()[0];
      Json rounds = Json::array();
      for (const Answer& answer : answers) rounds.push_back(answer.median_qps);
      points.push_back({{"effort", effort},
                        {"recall", point.recall},
                        {"qps", point.qps},
                        {"p50_us", point.p50_us},
                        {"rounds", std::move(rounds)}});
    }
    out.push_back({{"label", lane.entrant.label},
                   {"peer", lane.ready.peer},
                   {"config", lane.ready.config},
                   {"source", lane.entrant.source},
                   {"ours", lane.entrant.ours},
                   {"batch", is_batch(lane)},
                   {"failure", lane.failure},
                   {"rebuilt", lane.entrant.rebuild},
                   {"build_cpu_seconds", lane.ready.build_cpu_seconds},
                   {"bytes_per_vector", lane.ready.bytes_per_vector},
                   {"points", std::move(points)}});
  }
  return out;
}

Json measured_json(std::span<const Lane> lanes, std::span<const double> targets, const std::string& suffix) {
  Json out = Json::array();
  std::vector<std::string> specs, peers;  // in order of appearance
  const auto spec_of = [](const Lane& lane) { return lane.ready.config.substr(0, lane.ready.config.rfind('/')); };
  const auto note = [](std::vector<std::string>& all, const std::string& one) {
    if (std::ranges::find(all, one) == all.end()) all.push_back(one);
  };
  for (const Lane& lane : lanes) {
    if (!took_part(lane)) continue;
    if (lane.entrant.ours)
      note(specs, spec_of(lane));
    else
      note(peers, lane.ready.peer);
  }
  for (const std::string& spec : specs) {
    const std::string arm = spec == specs[0] ? "quiver" : fmt::format("quiver ({})", spec);
    for (const bool batch : {true, false}) {
      const auto pick = [&](const Lane& l) { return l.entrant.ours && spec_of(l) == spec && is_batch(l) == batch; };
      add_arm(out, lanes, batch ? arm : arm + " single", pick, targets, suffix);
    }
  }
  add_arm(
      out, lanes, "best peer", [](const Lane& l) { return !l.entrant.ours; }, targets, suffix);
  add_arm(
      out, lanes, "best peer single", [](const Lane& l) { return !l.entrant.ours && !is_batch(l); }, targets, suffix);
  for (const std::string& peer : peers) {
    add_arm(
        out, lanes, peer, [&](const Lane& l) { return !l.entrant.ours && l.ready.peer == peer; }, targets, suffix);
  }
  return out;
}

}  // namespace quiver::bench
