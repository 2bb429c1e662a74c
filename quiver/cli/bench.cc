// quiver bench: speeds on this machine, each beside the limit measured in the same run, each answer checked first.
#include <fmt/format.h>

#include <cmath>

#include "bench/kernels.h"
#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/timing.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/random.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/recall.h"

namespace quiver::cli {
namespace {

struct KernelVerbOptions {
  std::size_t dims = 768;
  bool quick = false;
  template <class V>
  void visit(V& v) {
    v("dims", dims, "coordinates of a vector", 1, 32768);
    v("quick", quick, "fewer repetitions over less memory");
  }
};

Result<Answer> run_kernels(const KernelVerbOptions& options, Run&) {
  const bench::KernelsReport report = bench::measure_kernels({.dims = options.dims, .quick = options.quick});
  if (!report.all_checked()) {
    return Error::internal(fmt::format("a kernel differs from the scalar reference:\n{}", bench::to_table(report)));
  }
  QUIVER_TRY(Json json, parse_json(bench::to_json(report)));
  return Answer{std::move(json), bench::to_table(report)};
}

struct LimitsBenchOptions {
  std::size_t rows = 200'000, dims = 256, queries = 512, batch = 256;
  std::uint32_t k = 10;
  std::string metric = "cosine";
  std::vector<std::string> specs{"flat + f32", "flat + f16", "flat + lvq(8)", "flat + lvq(4)"};
  std::string data, query_data;
  std::vector<double> recalls;
  template <class V>
  void visit(V& v) {
    v("data", data, "vectors to index instead of random ones: x.hdf5?part=train, base.fvecs, ...");
    v("query_data", query_data, "their queries: x.hdf5?part=test, query.fvecs, ...");
    v("recalls", recalls, "recalls to ask of each index, separated by commas; empty: its own");
    v("rows", rows, "vectors in the index, drawn at random", 1, 1e9);
    v("dims", dims, "coordinates of a vector", 1, 32768);
    v("queries", queries, "queries, drawn at random", 1, 1e6);
    v("batch", batch, "queries of a batch", 1, 1e6);
    v("k", k, "hits a query gets", 1, 10000);
    v("metric", metric, "l2, dot, cosine, manhattan or hamming");
    v("specs", specs, "what to build, separated by commas");
  }
};

Matrix random_rows(std::size_t rows, std::size_t dims, std::uint64_t seed, std::string_view what) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(seed, stream_of(what)), i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}

struct TimedSpec {
  std::string spec;
  double asked;  // recall; 0: the index's own
  double bytes;  // a row
  Interval recall;
  Searched single, batched;
};

// What is searched: drawn at random, or the user's own.
struct BenchData {
  Rows base, queries;
};

Result<BenchData> bench_data(const LimitsBenchOptions& options, Run& run) {
  if (options.data.empty() != options.query_data.empty()) {
    return Error::invalid_argument(
        "--data and --query-data go together: the vectors and the queries to search them with");
  }
  QUIVER_TRY(Metric metric, parse_metric(options.metric));
  const auto spaced = [&](const Rows& rows) {
    Space space = rows.space();
    space.metric = metric;
    return rows.in_space(space);
  };
  if (options.data.empty()) {
    const Space space{.id = {}, .dims = options.dims, .metric = metric, .prefix_of = {}};
    return BenchData{Rows::dense(random_rows(options.rows, options.dims, run.seed(), "base"), space),
                     Rows::dense(random_rows(options.queries, options.dims, run.seed(), "queries"), space)};
  }
  QUIVER_TRY(const Rows base, read_rows(options.data, ""));
  QUIVER_TRY(const Rows queries, read_rows(options.query_data, ""));
  return BenchData{spaced(base), spaced(queries)};
}

// All specs first, then the figures beside the best that the machine showed before, between and after them.
Result<Answer> run_limits_bench(const LimitsBenchOptions& options, Run& run) {
  QUIVER_TRY(const BenchData data, bench_data(options, run));
  QUIVER_TRY(const MatrixView queries, data.queries.dense());
  const std::size_t count = data.base.size();
  const auto encode = [&](std::size_t first, std::size_t number) -> Result<Rows> {
    return Rows::dense(Matrix::copy_of(queries.slice(first, number)), data.queries.space());
  };
  QUIVER_TRY(auto exact, build_index(IndexSpec{}, data.base, {}, run));
  Machine machine = measure_machine(run);
  std::vector<TimedSpec> timed;
  const std::vector<double> asked = options.recalls.empty() ? std::vector<double>{0} : options.recalls;
  for (const std::string& text : options.specs) {
    QUIVER_TRY(IndexSpec spec, IndexSpec::parse(text));
    QUIVER_TRY(auto index, build_index(spec, data.base, {}, run));
    for (const double wanted : asked) {
      const SearchParams params{.k = options.k, .recall = static_cast<float>(wanted)};
      QUIVER_TRY(Recall recall,
                 audit_recall(*index, *exact, queries, {.k = options.k, .sample = 1000, .params = params}, run));
      QUIVER_TRY(Searched single, search_timed(*index, {.queries = queries.rows, .encode = encode}, params, run));
      QUIVER_TRY(
          Searched batched,
          search_timed(*index, {.queries = queries.rows, .encode = encode, .batch = options.batch}, params, run));
      machine = better_of(machine, measure_machine(run));
      timed.push_back({index->spec(), wanted, static_cast<double>(index->bytes()) / static_cast<double>(count),
                       recall.at_k, std::move(single), std::move(batched)});
    }
  }
  Table table({"spec", "asked", "bytes/row", "recall", "p50", "x bandwidth", "queries/s in batches", "% of GEMM"});
  Json list = Json::array();
  for (const auto& [spec, wanted, bytes, recall, single, batched] : timed) {
    const Limits one = limits_of(single, *exact, 0, machine), many = limits_of(batched, *exact, options.batch, machine);
    table.add({spec, wanted > 0 ? fmt::format("{:g}", wanted) : "-", fmt::format("{:.1f}", bytes),
               fmt::format("{:.4f}", recall.mean), human_seconds(single.searching.p50),
               fmt::format("{:.2f}", one.p50_over_bandwidth),
               grouped(static_cast<std::uint64_t>(batched.searching.per_second)),
               fmt::format("{:.0f}", 100 * many.part_of_gemm_peak)});
    list.push_back(
        {{"spec", spec},
         {"recall_asked", wanted},
         {"bytes_per_row", bytes},
         {"recall", {{"mean", recall.mean}, {"low", recall.low}, {"high", recall.high}}},
         {"one_by_one", {{"speed", to_json(single.searching)}, {"limits", to_json(one)}}},
         {"batches",
          {{"speed", to_json(batched.searching)}, {"limits", to_json(many)}, {"plan", batched.stats.plan}}}});
  }
  return Answer{
      {{"data", options.data},
       {"rows", count},
       {"dims", data.base.space().dims},
       {"metric", name_of(data.base.space().metric)},
       {"k", options.k},
       {"batch", options.batch},
       {"machine", to_json(machine)},
       {"indexes", std::move(list)}},
      fmt::format("{} {} of {} numbers, {}, k = {}, {} threads; measured here: {:.1f} GB/s read, {:.0f} GFLOP/s "
                  "GEMM\n\n{}",
                  grouped(count), options.data.empty() ? "random vectors" : "vectors", data.base.space().dims,
                  name_of(data.base.space().metric), options.k, machine.threads, machine.read_gb_per_s,
                  machine.gemm_gflop_per_s, table.text(0))};
}

}  // namespace

std::vector<Verb> bench_verbs() {
  return {
      make_verb<KernelVerbOptions>(
          {.name = "bench kernels",
           .summary = "time every distance kernel beside bandwidth and peak",
           .details = "Every kernel's answers are compared with the scalar reference before it is timed.",
           .examples = {{"quiver bench kernels --dims 256 --quick", "in a few seconds"}}},
          run_kernels),
      make_verb<LimitsBenchOptions>(
          {.name = "bench limits",
           .summary = "time searches beside bandwidth and GEMM peak",
           .details = "Random vectors are the hardest data for whatever approximates; give your own with --data. "
                      "One after another: latency. In batches: throughput.",
           .examples =
               {{"quiver bench limits --rows 100000 --dims 128", ""},
                {"quiver bench limits --data base.fvecs --query-data query.fvecs --metric l2 --specs flat,graph",
                 "on your own data"}}},
          run_limits_bench),
  };
}

}  // namespace quiver::cli
