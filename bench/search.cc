// bench_search: the two promises of flat search, measured beside the machine's own limits in the same run.
//
//   bench_search [--rows 117659] [--dims 256] [--batch 256] [--k 10] [--threads 0] [--rounds 5] [--json]
//
//   one query    p50 <= 1.2 x (bytes scanned / read bandwidth of the same threads)
//   a batch      >= 60 % of the GEMM peak of the same threads, selection included
//
// Bandwidth and peak are measured before and after each of several rounds of searches and the best of each counts, so
// that a busy moment hits all of them alike. Before anything is timed, a batch's hits are compared with those of single
// searches.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/machine.h"

namespace quiver {
namespace {

struct Options {
  std::size_t rows = 117'659, dims = 256, batch = 256;
  std::uint32_t k = 10, rounds = 5, singles = 30;
  unsigned threads = 0;
  std::string metric = "cosine";
  bool json = false;
  template <class V>
  void visit(V& v) {
    v("rows", rows, "vectors in the index", 1, 1e8);
    v("dims", dims, "coordinates of a vector", 1, 32768);
    v("batch", batch, "queries of a batch", 1, 1e6);
    v("k", k, "hits a query gets", 1, 10000);
    v("rounds", rounds, "turns of every measurement", 1, 1000);
    v("singles", singles, "single queries in a round", 1, 10000);
    v("threads", threads, "0: all", 0, 1024);
    v("metric", metric, "l2, dot or cosine");
    v("json", json, "print JSON");
  }
};

struct Timing {
  std::string spec;
  double bytes = 0;          // of codes that a query scans
  double p50 = 0;            // seconds; least over rounds
  double batch_seconds = 0;  // least over rounds
  std::string_view plan;
};

Matrix noise(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = random.normal();
  }
  normalize_rows(out);
  return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<void> check_answers(const Index& index, MatrixView queries, std::uint32_t k, Run& run) {
  QUIVER_TRY(const Hits batch, index.search_batch(queries, {.k = k}, run));
  Scratch scratch(&run.threads());
  for (std::size_t q = 0; q < std::min<std::size_t>(queries.rows, 16); ++q) {
    std::vector<Hit> single(k);
    QUIVER_TRY(const std::size_t found, index.search(queries.slice(q, 1), {.k = k}, scratch, single));
    single.resize(found);
    if (!std::ranges::equal(single, batch.of(q))) {
      return Error::internal(fmt::format("{}: query {} has other hits alone than in a batch", index.spec(), q));
    }
  }
  return {};
}

Result<void> time_once(const Index& index, MatrixView queries, const Options& options, Run& run, Timing& timing) {
  Scratch scratch(&run.threads());
  std::vector<Hit> out(options.k);
  std::vector<double> singles;
  for (std::uint32_t i = 0; i < options.singles; ++i) {
    SearchStats stats;
    const auto start = std::chrono::steady_clock::now();
    QUIVER_TRY(index.search(queries.slice(i % queries.rows, 1), {.k = options.k}, scratch, out, &stats));
    singles.push_back(seconds_since(start));
    timing.bytes = static_cast<double>(stats.bytes_read);
  }
  SearchStats stats;
  const auto start = std::chrono::steady_clock::now();
  QUIVER_TRY(index.search_batch(queries, {.k = options.k}, run, &stats));
  const double batch = seconds_since(start), p50 = quantile_of(singles, 0.5);
  timing.plan = stats.plan;
  timing.batch_seconds = timing.batch_seconds > 0 ? std::min(timing.batch_seconds, batch) : batch;
  timing.p50 = timing.p50 > 0 ? std::min(timing.p50, p50) : p50;
  return {};
}

Result<std::string> measure(const Options& options) {
  Run run({.seed = 1, .threads = options.threads});
  QUIVER_TRY(const Metric metric, parse_metric(options.metric));
  const Space space{.id = "", .dims = options.dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
  const Matrix base = noise(options.rows, options.dims, 1), queries = noise(options.batch, options.dims, 2);
  std::vector<std::unique_ptr<Index>> indexes;
  std::vector<Timing> timings;
  for (const char* text : {"flat", "flat + f16", "flat + lvq(8)", "flat + lvq(4)"}) {
    QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(text));
    QUIVER_TRY(auto index, build_index(spec, base.view(), space, {}, run));
    QUIVER_TRY(check_answers(*index, queries.view(), options.k, run));
    indexes.push_back(std::move(index));
    timings.push_back({.spec = text, .plan = {}});
  }
  double bandwidth = 0, peak = 0;
  const auto measure_limits = [&] {
    bandwidth = std::max(bandwidth, measure_read_bandwidth(run.threads(), std::size_t{256} << 20, 2));
    peak = std::max(peak, measure_gemm_peak(run.threads(), 2));
  };
  measure_limits();
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      QUIVER_TRY(time_once(*indexes[i], queries.view(), options, run, timings[i]));
    }
    measure_limits();
  }
  const double flop = 2.0 * static_cast<double>(options.rows * options.dims * options.batch);
  std::string table = fmt::format(
      "{} x {} {}, k = {}, {} threads; read {:.1f} GB/s, GEMM {:.0f} GFLOP/s\n\n{:<16}{:>12}{:>12}{:>14}{:>12}{:>12}  "
      "{}\n",
      options.rows, options.dims, options.metric, options.k, run.threads().count(), bandwidth / 1e9, peak / 1e9,
      "index", "MB a query", "p50 ms", "x bandwidth", "queries/s", "% of GEMM", "batch by");
  Json list = Json::array();
  for (const Timing& t : timings) {
    const double over = t.p50 / (t.bytes / bandwidth), part = flop / t.batch_seconds / peak;
    const double rate = static_cast<double>(options.batch) / t.batch_seconds;
    table += fmt::format("{:<16}{:>12.1f}{:>12.3f}{:>14.2f}{:>12.0f}{:>12.0f}  {}\n", t.spec, t.bytes / 1e6,
                         t.p50 * 1e3, over, rate, 100 * part, t.plan);
    list.push_back({{"spec", t.spec},
                    {"bytes", t.bytes},
                    {"p50_seconds", t.p50},
                    {"p50_over_bandwidth", over},
                    {"batch_queries_per_second", rate},
                    {"part_of_gemm_peak", part},
                    {"plan", t.plan}});
  }
  if (!options.json) return table;
  return dump_json({{"rows", options.rows},
                    {"dims", options.dims},
                    {"batch", options.batch},
                    {"k", options.k},
                    {"threads", run.threads().count()},
                    {"read_bytes_per_second", bandwidth},
                    {"gemm_flop_per_second", peak},
                    {"indexes", list}}) +
         "\n";
}

Result<std::string> run_program(int count, char** words) {
  Settings settings;
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    if (!word.starts_with("--")) return Error::invalid_argument("'" + word + "' is not a flag; flags begin with --");
    word.erase(0, 2);
    const bool has_value = i + 1 < count && !std::string_view(words[i + 1]).starts_with("--");
    settings.set(word, has_value ? words[++i] : "true");
  }
  Options options;
  QUIVER_TRY(apply(options, settings));
  return measure(options);
}

}  // namespace
}  // namespace quiver

int main(int count, char** words) {
  const auto text = quiver::run_program(count, words);
  if (!text.has_value()) {
    std::fprintf(stderr, "bench_search: %s\n", text.error().message().c_str());
    return quiver::exit_status(text.error().code());
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}
