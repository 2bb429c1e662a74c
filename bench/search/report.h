// Report: the bars of search as data, judged by the records of runs. docs/results/search.{json,md} come from here
// alone.
//
//   [pixels] QPS on pixels, all queries in one call, against the best peer         a row: its id and title
//   data: mnist, fashion-mnist                                                     each bar is judged on each of these
//   bar: qps@{0.9,0.95}[quiver] >= 2 * qps@{0.9,0.95}[best peer]                   braces: one bar for each alternative
//
//   QUIVER_TRY(auto bars, parse_search_bars(text));
//   QUIVER_TRY(auto runs, open_runs({"out/mnist", "out/sift.json"}));
//   QUIVER_TRY(SearchReport report, judge_runs(bars, runs));
//
// A bar is written as in a recipe's page (recipes/bars.h) and judged on the values of one run; blank lines and lines
// that begin with # are skipped. All braces of a line take the same alternative. Of the runs on that data which
// measured what the bar names, the newest decides. Verdicts:
//
//   holds, falls short    by the measured values
//   falls short           also where Quiver never reaches a recall that the bar is about
//   holds                 also where Quiver does and none of those it is held against
//   not measured          no run has the values; says which are missing
//
// Any JSON with "data", "created" and a list "measured" (record.h) is a run, whatever measured it.
// Thread-safety: pure functions.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/recipes/bars.h"

namespace quiver::bench {

struct SearchBar {
  std::string row, title, data;
  Bar bar;
};
Result<std::vector<SearchBar>> parse_search_bars(std::string_view text);

// Folders are searched for *.json, not deeply; what is no run is left out. Errors: NotFound, Corruption.
Result<std::vector<Json>> open_runs(const std::vector<std::string>& paths);

struct SearchReport {
  Json json;
  std::string markdown, summary;
};
// Errors: a run that lacks "created" or the like.
Result<SearchReport> judge_runs(std::span<const SearchBar> bars, std::span<const Json> runs);

}  // namespace quiver::bench
