// The page of a scaling report: what was measured at each size, how it grows, and what larger sets would need with the
// arithmetic shown. Markdown, and the same as JSON.
//
//   ScalingReport report{.spec = "graph", .recalls = {0.95}, .targets = {1e9}, .sets = {...}};
//   report_text = scaling_page(report);  Json document = to_json(report);
//
// Thread-safety: pure functions.
#pragma once
#include <string>
#include <vector>

#include "quiver/cli/plot.h"
#include "quiver/core/json.h"
#include "quiver/inspect/growth.h"
#include "quiver/inspect/scaling.h"

namespace quiver::cli {

struct ScalingSet {
  std::string name{};
  double lid = 0;          // local intrinsic dimension of all its rows
  std::size_t sphere = 0;  // dims of the sphere it was generated from; 0: real vectors
  std::vector<ScalingPoint> points{};
};
struct ScalingReport {
  std::string spec{};
  std::uint32_t k = 10;
  std::vector<double> recalls{}, targets{};
  std::string machine{};
  unsigned threads = 1;
  bool interrupted = false;
  std::vector<ScalingSet> sets{};
};

// One quantity of one set by both laws; only what was measured at three sizes or more has them.
struct FittedCost {
  std::string set{}, what{}, unit{};
  double recall = 0;  // 0: does not depend on it
  Growth power{}, logarithmic{};
};
std::vector<FittedCost> fitted_costs(const ScalingReport& report);

std::string scaling_page(const ScalingReport& report);
Plot scaling_plot(const ScalingReport& report);  // distances of a query over rows, at each recall
Json to_json(const ScalingReport& report);

}  // namespace quiver::cli
