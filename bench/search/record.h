// Record: what a race leaves behind, as JSON that `quiver bench report` reads, and as a table for people.
//
//   lanes_json:     [{"label", "peer", "config", "source", "ours", "batch", "failure", "build_cpu_seconds",
//                     "bytes_per_vector", "points": [{"effort", "recall", "qps", "p50_us", "rounds": [qps]}]}]
//   measured_json:  [{"arm", "metric", "value", "rounds": [...], "who", "kind"}]
//
// Arms of a race, each at every target as metric "qps@0.95", "p50_us@0.95", and once as "bytes", "build_cpu_seconds",
// "highest_recall":
//   quiver              the first spec, all queries in one call         quiver single   one query a call
//   quiver (SPEC)       further specs
//   best peer           the fastest of the others at that recall, however it is called; best peer single: of those
//                       that answer one query a call. bytes and build: of the peer that is fastest at the middle target
//   <peer>              the fastest configuration of each other searcher, by its name
// A peer that never reaches a recall has no "qps" there; best peer then has none only if nobody reaches it.
// Thread-safety: pure functions.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "bench/search/race.h"
#include "quiver/core/json.h"

namespace quiver::bench {

Json lanes_json(std::span<const Lane> lanes);
// `suffix` is appended to the metrics: "/1%-scattered".
Json measured_json(std::span<const Lane> lanes, std::span<const double> targets, const std::string& suffix);

Front front_of_lane(const Json& lane);  // from what lanes_json wrote; keys that are not there count as no points

bool is_batch(const Lane& lane);  // its config says so: it takes all queries in one call

// One value of a measured list, or none.
struct MeasuredValue {
  double value = 0;
  std::vector<double> rounds{};
  std::string who{}, kind{};
};
Json measured_entry(const std::string& arm, const std::string& metric, const MeasuredValue& value);

}  // namespace quiver::bench
