// quiver bench codes: what each quantizer keeps of the neighbours, for how many bytes, on one's own vectors.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/cpu_time.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/flat.h"
#include "quiver/index/ground_truth.h"
#include "quiver/inspect/origin.h"

namespace quiver::cli {
namespace {

struct CodesBenchOptions {
  std::string data, query_data, learn_data, name, metric = "l2", out;
  std::size_t rows = 0, queries = 500;
  std::uint32_t k = 10, among = 100, rerank = 0;
  std::vector<std::string> specs{"f16",
                                 "bf16",
                                 "lvq(8)",
                                 "lvq(4)",
                                 "lvq(4,4)",
                                 "lvq(4,8)",
                                 "lvq(8,8)",
                                 "sq(8)",
                                 "sq(4)",
                                 "rabitq(8)",
                                 "rabitq(4)",
                                 "rabitq(2)",
                                 "rabitq(1)",
                                 "pq(64)",
                                 "pq(64,4)",
                                 "pq(32)",
                                 "opq(32)",
                                 "rq(8)",
                                 "grvq(8,4)",
                                 "itq",
                                 "binary",
                                 "prefix(64) + lvq(8)",
                                 "random(64) + lvq(8)",
                                 "pca(64) + lvq(8)",
                                 "pca(64) + lvq(4,8)"};
  template <class V>
  void visit(V& v) {
    v("data", data, "the vectors: base.fvecs, x.hdf5?part=train, ...");
    v("query_data", query_data, "queries to judge by: query.fvecs, x.hdf5?part=test, ...");
    v("learn_data", learn_data, "other queries, to learn from: for es(...), leanvec(...) and the like");
    v("name", name, "what the results call these vectors");
    v("metric", metric, "l2, dot or cosine");
    v("rows", rows, "the first so many vectors; 0: all", 0, 1e9);
    v("queries", queries, "queries, drawn by the seed", 1, 1e6);
    v("k", k, "neighbours to find", 1, 10000);
    v("among", among, "codes that are ordered again by the floats", 1, 1e6);
    v("rerank", rerank, "candidates of codes that have finer ones behind them; 0: max(4 k, 64)", 0, 1 << 24);
    v("specs", specs, "quantizers, or whole indexes, separated by commas");
    v("out", out, "a .json file that keeps the results of every name, with a .md file beside it");
  }
};

struct Judged {
  std::string spec;
  std::size_t bytes = 0;  // of a row
  double bytes_read = 0;  // by a search
  Interval alone, again;  // recall of an index of these codes; of the best among more by the floats
  double time = 0;        // of a search, in those of a search by f32
};

// "lvq(8)" is "flat + lvq(8)"; a whole index is itself.
Result<IndexSpec> index_of(const std::string& text) {
  auto flat = IndexSpec::parse("flat + " + text);
  if (flat.has_value()) return flat;
  auto whole = IndexSpec::parse(text);
  return whole.has_value() ? std::move(whole) : std::move(flat);
}

std::size_t bytes_per_row(const IndexSpec& spec, const Space& space) {
  const QuantizerSpec as_given{"f32", {}};
  std::size_t bytes = spec.codes.value_or(as_given).bytes_per_row(space);
  for (const QuantizerSpec& finer : spec.between) bytes += finer.bytes_per_row(space);
  return bytes + (spec.rerank ? spec.rerank->bytes_per_row(space) : 0);
}

// Searches one by one on one thread by `index` and `floats` in turn: the median of their CPU times' ratio, and the
// bytes that `index` reads.
Result<void> time_searches(const Index& index, const Index& floats, MatrixView queries, const SearchParams& params,
                           Judged& out) {
  constexpr std::size_t kTurns = 21;
  Scratch scratch;
  std::vector<Hit> hits(std::min<std::size_t>(params.k, index.size()));
  std::vector<double> ratios;
  SearchStats stats;
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    const MatrixView query = queries.slice(turn % queries.rows, 1);
    double seconds[2] = {};
    for (const Index* searched : {&floats, &index}) {
      const double begin = cpu_seconds();
      QUIVER_TRY(searched->search(query, params, scratch, hits, searched == &index ? &stats : nullptr));
      seconds[searched == &index ? 1 : 0] = cpu_seconds() - begin;
    }
    ratios.push_back(seconds[1] / seconds[0]);
  }
  std::ranges::nth_element(ratios, ratios.begin() + kTurns / 2);
  out.time = ratios[kTurns / 2];
  out.bytes_read = static_cast<double>(stats.bytes_read) / kTurns;
  return {};
}

class CodesJudge {
 public:
  CodesJudge(const CodesBenchOptions& options, const Rows& base, Matrix queries, MatrixView learn)
      : options_(options), base_(base), queries_(std::move(queries)), learn_(learn) {}

  Result<void> prepare(Run& run) {
    QUIVER_TRY(floats_, build_index(IndexSpec{}, base_, {}, run));
    QUIVER_TRY(truth_, floats_->search_batch(queries_.view(), {.k = options_.k}, run));
    return {};
  }

  Result<Judged> judge(const std::string& text, Run& run) const {
    QUIVER_TRY(const IndexSpec spec, index_of(text));
    QUIVER_TRY(const auto index, build_index(spec, base_, learn_, run));
    Judged out;
    out.spec = index->spec();
    if (out.spec.starts_with("flat + ")) out.spec.erase(0, 7);
    out.bytes = bytes_per_row(spec, base_.space());
    QUIVER_TRY(out.alone, recall_of(*index, options_.k, run));
    QUIVER_TRY(out.again, recall_of(*index, std::max(options_.among, options_.k), run));
    const SearchParams params{.k = options_.k, .rerank = options_.rerank};
    QUIVER_TRY(time_searches(*index, *floats_, queries_.view(), params, out));
    return out;
  }

 private:
  // The part of the true k that is among so many hits.
  Result<Interval> recall_of(const Index& index, std::uint32_t among, Run& run) const {
    QUIVER_TRY(const Hits found, index.search_batch(queries_.view(), {.k = among, .rerank = options_.rerank}, run));
    const Codes& exact = dynamic_cast<const FlatIndex&>(*floats_).codes();
    std::vector<double> recalls;
    for (std::size_t q = 0; q < queries_.rows(); ++q) {
      QUIVER_TRY(const auto scorer, exact.scorer(queries_.view().slice(q, 1)));
      std::vector<Hit> hits(found.of(q).begin(), found.of(q).end());
      for (Hit& hit : hits) scorer->score({&hit.row, 1}, &hit.distance);
      std::ranges::sort(hits, closer);
      recalls.push_back(tie_tolerant_recall(truth_.of(q), hits, options_.k));
    }
    return bootstrap_mean(recalls, {.seed = run.seed()});
  }

  const CodesBenchOptions& options_;
  const Rows& base_;
  Matrix queries_;
  MatrixView learn_;
  std::unique_ptr<Index> floats_;
  Hits truth_;
};

Json to_json(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}

// " 2026-11-25, AMD EPYC, commit 5950214fd9a1.": nothing of a set measured before these were recorded.
std::string origin_of(const Json& set) {
  const auto created = set.value("created", std::string()), commit = set.value("commit", std::string());
  if (created.empty()) return {};
  const std::string machine = set.value("machine", Json::object()).value("cpu", "");
  return fmt::format(" {}, {}{}.", created.substr(0, 10), machine,
                     commit.empty() ? "" : fmt::format(", commit {}", commit.substr(0, 12)));
}

// The page of a results file: one table a set, as markdown.
Result<std::string> page_of(const Json& results) {
  std::string page =
      "# What codes keep of the neighbours\n\n"
      "Written by `quiver bench codes`; the numbers are those of the .json file beside this page. *recall* is the part "
      "of the "
      "true neighbours\namong as many by the codes alone, *of 100* what is found when so many by the codes are ordered "
      "again by the floats, *read* what a search\nreads, *time* how long it takes beside one by floats, taking turns "
      "on one thread. What each code is:\n[quantizers](../reference/quantizers.md).\n";
  for (const auto& [name, set] : results.items()) {
    QUIVER_TRY(const auto rows, get<std::uint64_t>(set, "rows"));
    QUIVER_TRY(const auto dims, get<std::uint64_t>(set, "dims"));
    QUIVER_TRY(const auto metric, get<std::string>(set, "metric"));
    QUIVER_TRY(const auto k, get<std::uint64_t>(set, "k"));
    QUIVER_TRY(const auto queries, get<std::uint64_t>(set, "queries"));
    QUIVER_TRY(const auto among, get<std::uint64_t>(set, "among"));
    QUIVER_TRY(const auto codes, get<Json>(set, "codes"));
    page += fmt::format("\n## {}\n\n{} vectors of {} dims, {}; recall@{} over {} queries, of {} candidates.{}\n\n",
                        name, grouped(rows), dims, metric, k, queries, among, origin_of(set));
    page +=
        fmt::format("| codes | bytes a vector | recall | of {} | read | time |\n|---|---|---|---|---|---|\n", among);
    for (const Json& code : codes) {
      QUIVER_TRY(const auto spec, get<std::string>(code, "spec"));
      QUIVER_TRY(const auto bytes, get<std::uint64_t>(code, "bytes"));
      QUIVER_TRY(const auto read, get<double>(code, "bytes_read"));
      QUIVER_TRY(const Json alone, get<Json>(code, "recall"));
      QUIVER_TRY(const Json again, get<Json>(code, "recall_again"));
      QUIVER_TRY(const auto recall, get<double>(alone, "mean"));
      QUIVER_TRY(const auto recall_again, get<double>(again, "mean"));
      QUIVER_TRY(const auto time, get<double>(code, "time"));
      page += fmt::format("| `{}` | {} | {:.4f} | {:.4f} | {} | {:.2f} |\n", spec, bytes, recall, recall_again,
                          human_bytes(static_cast<unsigned long long>(read)), time);
    }
  }
  return page;
}

Result<void> keep(const std::string& out, const std::string& name, const Json& set) {
  Json results = Json::object();
  if (std::filesystem::exists(out)) {
    QUIVER_TRY(const std::string text, read_file(out));
    auto read = parse_json(text);
    if (!read.has_value()) return std::move(read.error()).within("reading " + out);
    results = *std::move(read);
    if (!results.is_object()) return Error::corruption(out + " holds no results by name; give another --out");
  }
  results[name] = set;
  auto page = page_of(results);
  if (!page.has_value()) return std::move(page.error()).within("reading " + out);
  QUIVER_TRY(write_file(out, dump_json(results) + "\n"));
  return write_file(std::filesystem::path(out).replace_extension(".md"), *page);
}

Result<Rows> read_in(const std::string& spec, Metric metric) {
  QUIVER_TRY(const Rows rows, read_rows(spec, ""));
  Space space = rows.space();
  space.metric = metric;
  return rows.in_space(space);
}

Result<Answer> run_codes_bench(const CodesBenchOptions& options, Run& run) {
  if (!options.out.empty()) {
    QUIVER_TRY(check_writable(options.out));
    if (!options.out.ends_with(".json") || options.name.empty()) {
      return Error::invalid_argument("--out takes a file that ends in .json, and --name what it calls these vectors");
    }
  }
  if (!options.learn_data.empty() && options.learn_data == options.query_data) {
    return Error::invalid_argument(
        "--learn-data and --query-data are the same: codes would be judged by the queries they learned from; give "
        "others");
  }
  QUIVER_TRY(const Metric metric, parse_metric(options.metric));
  QUIVER_TRY(const Rows all, read_in(options.data, metric));
  QUIVER_TRY(const Rows asked, read_in(options.query_data, metric));
  QUIVER_TRY(const MatrixView dense, all.dense());
  QUIVER_TRY(const MatrixView dense_queries, asked.dense());
  const std::size_t count = options.rows == 0 ? dense.rows : std::min(options.rows, dense.rows);
  const Rows base = Rows::dense(Matrix::copy_of(dense.slice(0, count)), all.space());
  const std::vector<std::uint32_t> drawn =
      Random(run.seed(), stream_of("bench codes"))
          .sample(static_cast<std::uint32_t>(dense_queries.rows), static_cast<std::uint32_t>(options.queries));
  Matrix queries(drawn.size(), dense_queries.cols);
  for (std::size_t i = 0; i < drawn.size(); ++i) std::ranges::copy(dense_queries.row(drawn[i]), queries.row(i).begin());
  Rows learn;
  MatrixView learn_view;
  if (!options.learn_data.empty()) {
    QUIVER_TRY(learn, read_in(options.learn_data, metric));
    QUIVER_TRY(learn_view, learn.dense());
  }
  QUIVER_TRY(const MatrixView rows, base.dense());
  Json data = Json::array({data_json("data", rows), data_json("query_data", queries.view())});
  if (learn_view.rows > 0) data.push_back(data_json("learn_data", learn_view));
  CodesJudge judge(options, base, std::move(queries), learn_view);
  QUIVER_TRY(judge.prepare(run));
  Table table({"codes", "bytes", "recall", fmt::format("of {}", options.among), "read", "time"});
  Json list = Json::array();
  auto stage = run.stage("codes", options.specs.size());
  for (const std::string& spec : options.specs) {
    if (run.stop()) return run.stopped("judging codes");
    QUIVER_TRY(const Judged j, judge.judge(spec, run).within("judging " + spec));
    table.add({j.spec, std::to_string(j.bytes), fmt::format("{:.4f}", j.alone.mean),
               fmt::format("{:.4f}", j.again.mean), human_bytes(static_cast<unsigned long long>(j.bytes_read)),
               fmt::format("{:.2f}", j.time)});
    list.push_back({{"spec", j.spec},
                    {"bytes", j.bytes},
                    {"bytes_read", j.bytes_read},
                    {"recall", to_json(j.alone)},
                    {"recall_again", to_json(j.again)},
                    {"time", j.time}});
    stage.advance();
  }
  Json set{{"rows", count},          {"dims", base.space().dims}, {"metric", name_of(metric)}, {"k", options.k},
           {"among", options.among}, {"rerank", options.rerank},  {"queries", drawn.size()},   {"seed", run.seed()}};
  set.update(origin_json(run.threads().count()));
  set["data"] = data;
  set["codes"] = list;
  if (!options.out.empty()) QUIVER_TRY(keep(options.out, options.name, set));
  return Answer{set, fmt::format("{} vectors of {} numbers, {}, recall@{} over {} queries\n\n{}", grouped(count),
                                 base.space().dims, name_of(metric), options.k, drawn.size(), table.text(0))};
}

}  // namespace

Verb bench_codes_verb() {
  return make_verb<CodesBenchOptions>(
      {.name = "bench codes",
       .summary = "what each quantizer keeps of the neighbours, and its bytes",
       .details =
           "Codes are learned from the vectors, searched by every query, and judged by exact distances: their own "
           "order, and that of the floats among the first by the codes.",
       .required = {"data", "query_data"},
       .examples =
           {{"quiver bench codes --data base.fvecs --query-data query.fvecs --specs \"lvq(8),pca(64) + lvq(8)\"",
             "two kinds of codes"}}},
      run_codes_bench);
}

}  // namespace quiver::cli
