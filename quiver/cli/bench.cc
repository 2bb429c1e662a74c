// quiver bench: speeds on this machine, each beside the limit measured in the same run, each answer checked first.
#include <fmt/format.h>

#include <cmath>

#include "bench/kernels.h"
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

struct SearchBenchOptions {
  std::size_t rows = 200'000, dims = 256, queries = 512, batch = 256;
  std::uint32_t k = 10;
  std::string metric = "cosine";
  std::vector<std::string> specs{"flat + f32", "flat + f16", "flat + lvq(8)", "flat + lvq(4)"};
  template <class V>
  void visit(V& v) {
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
  double bytes;  // a row
  Interval recall;
  Searched single, batched;
};

// All specs first, then the figures beside the best that the machine showed before, between and after them.
Result<Answer> run_search_bench(const SearchBenchOptions& options, Run& run) {
  QUIVER_TRY(Metric metric, parse_metric(options.metric));
  const Space space{.id = {}, .dims = options.dims, .metric = metric, .prefix_of = {}};
  const Rows base = Rows::dense(random_rows(options.rows, options.dims, run.seed(), "base"), space);
  const Matrix queries = random_rows(options.queries, options.dims, run.seed(), "queries");
  const auto encode = [&](std::size_t first, std::size_t count) -> Result<Rows> {
    return Rows::dense(Matrix::copy_of(queries.view().slice(first, count)), space);
  };
  QUIVER_TRY(auto exact, build_index(IndexSpec{}, base, {}, run));
  Machine machine = measure_machine(run);
  std::vector<TimedSpec> timed;
  for (const std::string& text : options.specs) {
    QUIVER_TRY(IndexSpec spec, IndexSpec::parse(text));
    QUIVER_TRY(auto index, build_index(spec, base, {}, run));
    QUIVER_TRY(Recall recall,
               audit_recall(*index, *exact, queries.view(), {.k = options.k, .sample = 256, .params = {}}, run));
    SearchParams params;
    params.k = options.k;
    QUIVER_TRY(Searched single, search_timed(*index, {.queries = options.queries, .encode = encode}, params, run));
    QUIVER_TRY(
        Searched batched,
        search_timed(*index, {.queries = options.queries, .encode = encode, .batch = options.batch}, params, run));
    machine = better_of(machine, measure_machine(run));
    timed.push_back({index->spec(), static_cast<double>(index->bytes()) / static_cast<double>(options.rows),
                     recall.at_k, std::move(single), std::move(batched)});
  }
  Table table({"spec", "bytes/row", "recall", "p50", "x bandwidth", "queries/s in batches", "% of GEMM"});
  Json list = Json::array();
  for (const auto& [spec, bytes, recall, single, batched] : timed) {
    const Limits one = limits_of(single, *exact, 0, machine), many = limits_of(batched, *exact, options.batch, machine);
    table.add({spec, fmt::format("{:.1f}", bytes), fmt::format("{:.4f}", recall.mean),
               human_seconds(single.searching.p50), fmt::format("{:.2f}", one.p50_over_bandwidth),
               grouped(static_cast<std::uint64_t>(batched.searching.per_second)),
               fmt::format("{:.0f}", 100 * many.part_of_gemm_peak)});
    list.push_back(
        {{"spec", spec},
         {"bytes_per_row", bytes},
         {"recall", {{"mean", recall.mean}, {"low", recall.low}, {"high", recall.high}}},
         {"one_by_one", {{"speed", to_json(single.searching)}, {"limits", to_json(one)}}},
         {"batches",
          {{"speed", to_json(batched.searching)}, {"limits", to_json(many)}, {"plan", batched.stats.plan}}}});
  }
  return Answer{
      {{"rows", options.rows},
       {"dims", options.dims},
       {"metric", name_of(metric)},
       {"k", options.k},
       {"batch", options.batch},
       {"machine", to_json(machine)},
       {"indexes", std::move(list)}},
      fmt::format(
          "{} random vectors of {} numbers, {}, k = {}, {} threads; measured here: {:.1f} GB/s read, {:.0f} GFLOP/s "
          "GEMM\n\n{}",
          grouped(options.rows), options.dims, name_of(metric), options.k, machine.threads, machine.read_gb_per_s,
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
      make_verb<SearchBenchOptions>(
          {.name = "bench search",
           .summary = "time searches beside bandwidth and GEMM peak",
           .details = "Vectors are random, so recall is that of the hardest data; speed depends on sizes "
                      "alone. One after another: latency. In batches: throughput.",
           .examples = {{"quiver bench search --rows 100000 --dims 128", ""}}},
          run_search_bench),
  };
}

}  // namespace quiver::cli
