// Timing of searches: encoding and searching apart, one query at a time or in batches, beside what the machine can do.
//
//   QUIVER_TRY(Searched out, search_timed(*index, {.queries = n, .encode = encode, .batch = 0}, {.k = 10}, run));
//   out.searching.p50, out.searching.per_second
//
// The first query or batch is run once beforehand, untimed, so that pages and caches are as they are later. With
// batch 0 the queries come one after another, each search using all threads of the run; that is latency. With a batch
// the calls are timed as wholes; that is throughput.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/index/index.h"
#include "quiver/inspect/machine.h"

namespace quiver::cli {

struct Speed {
  std::size_t calls = 0;                 // queries, or batches
  double p50 = 0, p99 = 0, seconds = 0;  // of one call; of all
  double per_second = 0;                 // queries
};
Speed speed_of(const std::vector<double>& seconds, std::size_t queries);
Json to_json(const Speed& speed);

struct QuerySource {
  std::size_t queries = 0;
  std::function<Result<Rows>(std::size_t first, std::size_t count)> encode;
  std::size_t batch = 0;  // 0: one at a time
};
struct Searched {
  Hits hits;
  Speed encoding, searching;
  SearchStats stats;  // of all queries together
};
Result<Searched> search_timed(const Index& index, const QuerySource& source, const SearchParams& params, Run& run);

// How near to the machine's limits a search came. For one query at a time: p50 over the time that reading the scanned
// bytes takes at the measured bandwidth. For batches: the rate of a full matrix product over the measured GEMM peak.
struct Limits {
  double bytes_per_query = 0, p50_over_bandwidth = 0, gflop_per_s = 0, part_of_gemm_peak = 0;
};
Limits limits_of(const Searched& searched, const Index& index, std::size_t batch, const Machine& machine);
Json to_json(const Limits& limits);
Json to_json(const Machine& machine);

}  // namespace quiver::cli
