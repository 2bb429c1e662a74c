#include "quiver/cli/timing.h"

#include <algorithm>
#include <chrono>

#include "quiver/core/statistics.h"

namespace quiver::cli {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Searches queries first .. first + count - 1 and puts their hits where they belong.
Result<void> search_some(const Index& index, const RowsView& queries, std::size_t first, std::size_t count,
                         bool batched, const SearchParams& params, Scratch& scratch, Run& run, Searched& out) {
  SearchStats stats;
  if (batched) {
    QUIVER_TRY(Hits hits, index.search_batch(queries, params, run, &stats));
    for (std::size_t i = 0; i < count; ++i) {
      std::ranges::copy(hits.of(i), out.hits.hits.begin() + static_cast<std::ptrdiff_t>((first + i) * out.hits.k));
      out.hits.counts[first + i] = hits.counts[i];
    }
  } else {
    const std::span<Hit> place(out.hits.hits.data() + first * out.hits.k, out.hits.k);
    QUIVER_TRY(const std::size_t found, index.search(queries, params, scratch, place, &stats));
    out.hits.counts[first] = static_cast<std::uint32_t>(found);
  }
  out.stats.distances += stats.distances;
  out.stats.reranked += stats.reranked;
  out.stats.bytes_read += stats.bytes_read;
  out.stats.hops += stats.hops;
  out.stats.expected_recall = stats.expected_recall;
  out.stats.plan = stats.plan;
  return {};
}

}  // namespace

Speed speed_of(const std::vector<double>& seconds, std::size_t queries) {
  if (seconds.empty()) return {};
  Speed speed{.calls = seconds.size(), .p50 = quantile_of(seconds, 0.5), .p99 = quantile_of(seconds, 0.99)};
  for (const double call : seconds) speed.seconds += call;
  if (speed.seconds > 0) speed.per_second = static_cast<double>(queries) / speed.seconds;
  return speed;
}

Json to_json(const Speed& speed) {
  return {{"calls", speed.calls},
          {"p50_seconds", speed.p50},
          {"p99_seconds", speed.p99},
          {"seconds", speed.seconds},
          {"queries_per_second", speed.per_second}};
}

Result<Searched> search_timed(const Index& index, const QuerySource& source, const SearchParams& params, Run& run) {
  const std::size_t step = std::max<std::size_t>(source.batch, 1);
  Searched out;
  out.hits.k = static_cast<std::uint32_t>(std::min<std::size_t>(params.k, index.size()));
  out.hits.hits.resize(source.queries * out.hits.k);
  out.hits.counts.assign(source.queries, 0);
  Scratch scratch(&run.threads());
  std::vector<double> encoding, searching;
  auto stage = run.stage("search", source.queries);
  bool warm = false;
  for (std::size_t first = 0; first < source.queries;) {
    if (run.stop()) return run.stopped("searching");
    const std::size_t count = std::min(step, source.queries - first);
    const auto start = Clock::now();
    QUIVER_TRY(Rows rows, source.encode(first, count));
    const double encoded = since(start);
    QUIVER_TRY(RowsView queries, queries_for(index, rows));
    const auto begin = Clock::now();
    QUIVER_TRY(search_some(index, queries, first, count, source.batch > 0, params, scratch, run, out));
    const double searched = since(begin);
    if (!warm) {
      warm = true;
      out.stats = {};
      continue;
    }
    encoding.push_back(encoded);
    searching.push_back(searched);
    first += count;
    stage.advance(count);
  }
  out.encoding = speed_of(encoding, source.queries);
  out.searching = speed_of(searching, source.queries);
  return out;
}

Limits limits_of(const Searched& searched, const Index& index, std::size_t batch, const Machine& machine) {
  Limits limits;
  const double queries = static_cast<double>(searched.hits.queries());
  if (queries == 0) return limits;
  limits.bytes_per_query = static_cast<double>(searched.stats.bytes_read) / queries;
  if (batch == 0 && machine.read_gb_per_s > 0 && limits.bytes_per_query > 0) {
    limits.p50_over_bandwidth = searched.searching.p50 / (limits.bytes_per_query / (machine.read_gb_per_s * 1e9));
  }
  if (batch > 0 && searched.searching.seconds > 0) {
    const double products = queries * static_cast<double>(index.size()) * static_cast<double>(index.space().dims);
    limits.gflop_per_s = 2 * products / searched.searching.seconds / 1e9;
    if (machine.gemm_gflop_per_s > 0) limits.part_of_gemm_peak = limits.gflop_per_s / machine.gemm_gflop_per_s;
  }
  return limits;
}

Json to_json(const Limits& limits) {
  Json json{{"bytes_per_query", limits.bytes_per_query}};
  if (limits.p50_over_bandwidth > 0) json["p50_over_bandwidth"] = limits.p50_over_bandwidth;
  if (limits.gflop_per_s > 0) json["gflop_per_s"] = limits.gflop_per_s;
  if (limits.part_of_gemm_peak > 0) json["part_of_gemm_peak"] = limits.part_of_gemm_peak;
  return json;
}

Json to_json(const Machine& machine) {
  Json json{{"cpu", machine.cpu},
            {"simd", machine.simd},
            {"threads", machine.threads},
            {"memory_bytes", machine.memory_bytes}};
  if (machine.read_gb_per_s > 0) json["read_gb_per_s"] = machine.read_gb_per_s;
  if (machine.gemm_gflop_per_s > 0) json["gemm_gflop_per_s"] = machine.gemm_gflop_per_s;
  return json;
}

}  // namespace quiver::cli
