// quiver bench search: Quiver and other searchers on the same vectors, asked in turn; bench answer: Quiver as one of
// them; bench report: the bars of search judged by what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "bench/search/contest.h"
#include "bench/search/record.h"
#include "bench/search/report.h"
#include "bench/search/threads.h"
#include "bench/search/updates.h"
#include "quiver/cli/inputs.h"
#include "quiver/cli/plot.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/data/read_vectors.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/origin.h"

namespace quiver::cli {
namespace {
namespace fs = std::filesystem;

struct SearchBenchFlags {
  std::string data, query_data, truth, name, metric, what = "search", peers, sample, out, cache;
  std::vector<std::string> peer, specs{"graph"}, modes{"batch", "single"}, rebuild;
  std::vector<double> recalls{0.9, 0.95, 0.99, 0.999}, filters{0.001, 0.01, 0.1, 0.5};
  std::vector<double> asked{0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 1};
  std::uint32_t k = 10, rounds = 5, repeats = 1;
  std::size_t queries = 0;
  int processor = -1;
  template <class V>
  void visit(V& v) {
    v("data", data, "the vectors: base.fvecs, or an ann-benchmarks file x.hdf5 with its queries and neighbours");
    v("query_data", query_data, "the queries: query.fvecs; empty: those of the .hdf5");
    v("truth", truth, "neighbours to check (.ivecs): the exact ones are computed in any case");
    v("name", name, "what the set is called; empty: after its file or folder");
    v("metric", metric, "l2, dot or cosine; empty: what an .hdf5 says, else l2");
    v.choice("what", what, "search; searches under filters; a second thread; half of the rows replaced",
             {"search", "filters", "threads", "updates"});
    v("peers", peers, "a folder made by bench/peers/prepare; empty: Quiver alone");
    v("peer", peer, "which of them, as name:option=value@effort/effort; empty: all that know the metric");
    v("specs", specs, "Quiver's own indexes, separated by commas; the first is judged");
    v("modes", modes, "how Quiver is called: batch (all queries at once), single (one by one)");
    v("asked", asked, "the recalls Quiver is asked for, which it reached on queries of its own", 0, 1);
    v("recalls", recalls, "the recalls at which speeds are compared", 0, 1);
    v("filters", filters, "with --what filters: parts of the rows that match", 0, 1);
    v("queries", queries, "the first so many queries; 0: all");
    v("k", k, "neighbours wanted", 1, 1000);
    v("rounds", rounds, "how often everybody is asked in turn", 1, 1000);
    v("repeats", repeats, "timed passes over the queries in each turn", 1, 1000);
    v("processor", processor, "the one processor that all answer on; -1: any", -1, 4095);
    v("rebuild", rebuild, "whose index is built anew: quiver, or a peer; 'all'");
    v("sample", sample, "queries that Quiver's index may learn from; never those that are timed");
    v("cache", cache, "where built indexes are kept; empty: in --peers, else in --out");
    v("out", out, "the folder that takes answers, record and plot");
  }
};

struct SearchBenchData {
  Matrix base, queries;
  std::optional<Integers> truth;
  std::string name;
  Metric metric = Metric::L2;
  fs::path base_file;  // if it is an .fvecs
};

bool is_hdf5(const std::string& path) { return path.ends_with(".hdf5") || path.ends_with(".h5"); }

std::string name_of_data(const std::string& path) {
  const fs::path plain = path.substr(0, path.find('?'));
  const std::string stem = plain.stem().string(), folder = fs::absolute(plain).parent_path().filename().string();
  return stem == "base" || stem == "train" ? folder : stem;
}

Result<Matrix> float_rows(const Rows& rows, std::size_t most) {
  QUIVER_TRY(TypedView typed, rows.dense_typed());
  if (most > 0 && most < typed.rows()) typed.bytes = typed.bytes.slice(0, most);
  return to_float(typed);
}

Result<SearchBenchData> read_search_bench(const SearchBenchFlags& flags) {
  const bool hdf5 = is_hdf5(flags.data);
  if (flags.query_data.empty() && !hdf5) {
    return Error::invalid_argument(fmt::format(
        "--data {} brings no queries; add --query-data FILE (only an .hdf5 of ann-benchmarks holds both)", flags.data));
  }
  SearchBenchData out;
  out.name = flags.name.empty() ? name_of_data(flags.data) : flags.name;
  QUIVER_TRY(const Rows base, read_rows(hdf5 ? flags.data + "?part=train" : flags.data, ""));
  QUIVER_TRY(const Rows queries,
             read_rows(flags.query_data.empty() ? flags.data + "?part=test" : flags.query_data, ""));
  out.metric = hdf5 ? base.space().metric : Metric::L2;
  if (!flags.metric.empty()) {
    QUIVER_TRY(out.metric, parse_metric(flags.metric));
  }
  QUIVER_TRY(out.base, float_rows(base, 0));
  QUIVER_TRY(out.queries, float_rows(queries, flags.queries));
  const std::string truth = !flags.truth.empty() ? flags.truth : hdf5 ? flags.data : "";
  if (!truth.empty()) {
    QUIVER_TRY(out.truth, read_integers(truth));
  }
  if (flags.data.ends_with(".fvecs")) out.base_file = flags.data;
  return out;
}

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end() || std::ranges::find(names, "all") != names.end();
}

// Quiver's lanes: a process of this very program for each spec and mode.
Result<void> add_own(const SearchBenchFlags& flags, const Run& run, std::vector<bench::Entrant>& entrants) {
  std::vector<std::uint32_t> efforts;
  for (const double recall : flags.asked) {
    efforts.push_back(std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::lround(recall * 10'000))));
  }
  std::ranges::sort(efforts);
  for (const std::string& spec : flags.specs) {
    QUIVER_TRY(const IndexSpec parsed, IndexSpec::parse(spec));
    for (const std::string& mode : flags.modes) {
      if (mode != "batch" && mode != "single") {
        return Error::invalid_argument(fmt::format("--modes {}: a mode is batch or single", mode));
      }
      bench::Entrant own{.label = fmt::format("quiver:spec={}:mode={}", spec, mode),
                         .command = {"/proc/self/exe", "bench", "answer"},
                         .options = {"--spec", spec, "--mode", mode, "--threads", "1", "--quiet", "--seed",
                                     fmt::format("{}", run.seed())},
                         .efforts = parsed.structure == "flat" ? std::vector<std::uint32_t>{10'000} : efforts,
                         .source = "this build",
                         .ours = true,
                         .rebuild = listed(flags.rebuild, "quiver") && mode == flags.modes[0]};
      if (!flags.sample.empty()) own.options.insert(own.options.end(), {"--sample", flags.sample});
      entrants.push_back(std::move(own));
    }
  }
  return {};
}

Result<std::vector<bench::Entrant>> entrants_of(const SearchBenchFlags& flags, Metric metric, const Run& run) {
  bench::Roster roster = bench::Roster::none();
  if (!flags.peers.empty()) {
    QUIVER_TRY(roster, bench::Roster::open(flags.peers));
  }
  std::vector<bench::Entrant> entrants;
  QUIVER_TRY(add_own(flags, run, entrants));
  for (const std::string& text : flags.peer.empty() ? roster.specs(name_of(metric)) : flags.peer) {
    QUIVER_TRY(const bench::PeerSpec spec, bench::parse_peer(text));
    QUIVER_TRY(bench::Entrant entrant, roster.entrant(spec));
    entrant.rebuild = listed(flags.rebuild, spec.name);
    entrants.push_back(std::move(entrant));
  }
  return entrants;
}

Table lanes_table(const Json& part, const std::vector<double>& recalls) {
  std::vector<std::string> heads{"searcher"};
  for (const double recall : recalls) heads.push_back(fmt::format("{:g}", recall));
  for (const char* head : {"us at .95", "build CPU s", "bytes a vector"}) heads.emplace_back(head);
  Table table(heads);
  for (const Json& lane : part["lanes"]) {
    std::vector<std::string> row{
        fmt::format("{} {}", lane["peer"].get<std::string>(), lane["config"].get<std::string>())};
    if (lane["points"].empty()) row[0] = lane["label"].get<std::string>() + " (failed)";
    const bench::Front front = bench::front_of_lane(lane);
    for (const double recall : recalls) {
      const bench::Speed speed = front.at(recall);
      row.push_back(speed.kind == bench::SpeedKind::Never
                        ? (front.points().empty() ? "-" : fmt::format("to {:.4f}", front.highest_recall()))
                        : fmt::format("{}{:.0f}", speed.kind == bench::SpeedKind::AtLeast ? ">" : "", speed.qps));
    }
    row.push_back(fmt::format("{:.1f}", front.at(0.95).p50_us));
    row.push_back(fmt::format("{:.1f}", lane["build_cpu_seconds"].get<double>()));
    row.push_back(fmt::format("{:.0f}", lane["bytes_per_vector"].get<double>()));
    table.add(std::move(row));
  }
  return table;
}

Plot plot_of(const Json& run, const Json& part) {
  Plot plot{.title = fmt::format("{}: {} vectors of {} numbers, {}", run["data"].get<std::string>(),
                                 grouped(run["rows"].get<std::uint64_t>()), run["dims"].get<std::uint64_t>(),
                                 run["metric"].get<std::string>()),
            .subtitle = fmt::format("{}, one thread, {}{}", run["machine"]["cpu"].get<std::string>(),
                                    run["created"].get<std::string>().substr(0, 10),
                                    part["name"] == "all" ? "" : ", " + part["name"].get<std::string>() + " match"),
            .x_label = fmt::format("recall@{}", run["k"].get<unsigned>()),
            .y_label = "queries per CPU second",
            .x = Scale::Nines,
            .y = Scale::Log};
  for (const Json& lane : part["lanes"]) {
    const bench::Front front = bench::front_of_lane(lane);
    PlotSeries series{.label = fmt::format("{} {}", lane["peer"].get<std::string>(), lane["config"].get<std::string>()),
                      .ours = lane["ours"].get<bool>()};
    for (const bench::Point& point : front.points()) {
      if (point.recall < 0.7) continue;
      series.x.push_back(point.recall);
      series.y.push_back(point.qps);
      series.notes.push_back(fmt::format("effort {}", point.effort));
    }
    if (!series.x.empty()) plot.series.push_back(std::move(series));
  }
  return plot;
}

Result<Answer> run_search_contest(const SearchBenchFlags& flags, const SearchBenchData& data, Run& run) {
  bench::ContestOptions options{.name = data.name, .metric = data.metric, .k = flags.k, .out = flags.out};
  options.cache = !flags.cache.empty()  ? fs::path(flags.cache)
                  : flags.peers.empty() ? fs::path()
                                        : fs::path(flags.peers) / "indexes";
  options.base_file = data.base_file;
  options.race = {
      .targets = flags.recalls, .rounds = flags.rounds, .repeats = flags.repeats, .processor = flags.processor};
  if (flags.what == "filters") options.filters = flags.filters;
  QUIVER_TRY(options.entrants, entrants_of(flags, data.metric, run));
  QUIVER_TRY(Json json, bench::run_contest(data.base.view(), data.queries.view(), data.truth, options, run));
  std::string text;
  for (const Json& part : json["parts"]) {
    const std::string name = part["name"] == "all" ? data.name : data.name + ", " + part["name"].get<std::string>();
    std::string file = flags.what == "filters" ? "filters-" + part["name"].get<std::string>() : "search";
    std::ranges::replace(file, ' ', '-');
    std::erase(file, '%');
    QUIVER_TRY(write_file(fs::path(flags.out) / (file + ".svg"), plot_svg(plot_of(json, part))));
    text += fmt::format("{}: queries per CPU second of one thread at recall@{}\n{}\n", name, flags.k,
                        lanes_table(part, flags.recalls).text());
  }
  if (!json["finished"].get<bool>()) {
    return Error::cancelled(
        fmt::format("measuring {} was interrupted; what was measured until then is in {}", data.name, flags.out));
  }
  text += fmt::format("Answers, record and plot are in {}\nNext: quiver bench report {}\n", flags.out, flags.out);
  return Answer{std::move(json), std::move(text)};
}

// What one index of ours is measured by alone, in this process: a second thread, or half of its rows replaced.
Result<Json> measured_alone(const SearchBenchFlags& flags, const SearchBenchData& data, Run& run) {
  if (flags.what == "updates") {
    return bench::run_updates(data.base.view(), data.queries.view(),
                              {.spec = flags.specs[0], .metric = data.metric, .k = flags.k, .rounds = flags.rounds},
                              run);
  }
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(flags.specs[0]));
  const Space space{.id = {}, .dims = data.base.cols(), .metric = data.metric, .prefix_of = {}};
  QUIVER_TRY(const auto index, build_index(spec, data.base.view(), space, {}, run));
  return bench::run_threads(*index, data.queries.view(), {.k = flags.k, .rounds = flags.rounds}, run);
}

Result<Answer> run_alone(const SearchBenchFlags& flags, const SearchBenchData& data, Run& run) {
  QUIVER_TRY(Json measured, measured_alone(flags, data, run));
  Json json{{"what", flags.what},
            {"data", data.name},
            {"spec", flags.specs[0]},
            {"rows", data.base.rows()},
            {"dims", data.base.cols()},
            {"queries", data.queries.rows()},
            {"metric", name_of(data.metric)},
            {"rounds", flags.rounds},
            {"finished", true}};
  json.update(origin_json(flags.what == "threads" ? 2 : 1));
  json["measured"] = std::move(measured);
  QUIVER_TRY(make_folders(flags.out));
  QUIVER_TRY(write_file(fs::path(flags.out) / (flags.what + ".json"), dump_json(json) + "\n"));
  Table table({"arm", "metric", "value"});
  for (const Json& entry : json["measured"]) {
    table.add({entry["arm"].get<std::string>(), entry["metric"].get<std::string>(),
               fmt::format("{:.5g}", entry["value"].get<double>())});
  }
  return Answer{std::move(json), table.text(0)};
}

Result<Answer> run_search_bench(const SearchBenchFlags& flags, Run& run) {
  if (flags.specs.empty() || flags.modes.empty() || flags.recalls.empty()) {
    return Error::invalid_argument("--specs, --modes and --recalls each need at least one");
  }
  QUIVER_TRY(const SearchBenchData data, read_search_bench(flags));
  return flags.what == "threads" || flags.what == "updates" ? run_alone(flags, data, run)
                                                            : run_search_contest(flags, data, run);
}

struct AnswerFlags {
  std::string base, queries, truth, cache, data = "data", metric = "l2", spec = "graph", mode = "batch", sample;
  std::uint32_t k = 10;
  bool rebuild = false;
  template <class V>
  void visit(V& v) {
    v("base", base, "the vectors");
    v("queries", queries, "the queries");
    v("truth", truth, "the exact neighbours of each, .ivecs");
    v("cache", cache, "the beginning of the names of kept indexes");
    v("data", data, "what the set is called");
    v("metric", metric, "l2, dot or cosine");
    v("spec", spec, "structure and codes");
    v.choice("mode", mode, "all queries in one call, or one by one", {"batch", "single"});
    v("sample", sample, "queries that the index may learn from");
    v("k", k, "neighbours wanted", 1, 1000);
    v("rebuild", rebuild, "build the index even if it was kept");
  }
};

Result<Answer> run_answer(const AnswerFlags& flags, Run& run) {
  QUIVER_TRY(const Metric metric, parse_metric(flags.metric));
  const bench::SearchFiles files{flags.base, flags.queries, flags.truth, flags.cache, flags.data, metric, flags.k};
  QUIVER_TRY(const auto searcher, bench::Searcher::open(files,
                                                        {.spec = flags.spec,
                                                         .mode = flags.mode == "batch" ? bench::SearchMode::Batch
                                                                                       : bench::SearchMode::Single,
                                                         .rebuild = flags.rebuild,
                                                         .sample = flags.sample},
                                                        run));
  QUIVER_TRY(searcher->serve(std::cin, std::cout, run));
  return Answer{{{"spec", flags.spec}}, ""};
}

struct ReportFlags {
  std::vector<std::string> runs;
  std::string out = "docs/results/search", bars = "bench/search/bars.txt";
  template <class V>
  void visit(V& v) {
    v("runs", runs, "folders of runs, or their .json files");
    v("bars", bars, "the bars, one a line");
    v("out", out, "where .json, .md and plots go");
  }
};

Result<Answer> run_report(const ReportFlags& flags, Run&) {
  QUIVER_TRY(const auto runs, bench::open_runs(flags.runs));
  QUIVER_TRY(const std::string text, read_file(flags.bars));
  QUIVER_TRY(const auto bars, bench::parse_search_bars(text).within(flags.bars));
  QUIVER_TRY(bench::SearchReport report, bench::judge_runs(bars, runs));
  QUIVER_TRY(write_file(flags.out + ".json", dump_json(report.json) + "\n"));
  QUIVER_TRY(write_file(flags.out + ".md", report.markdown));
  for (const Json& run : runs) {
    if (run["what"] != "search") continue;
    const std::string path = fmt::format("{}-{}.svg", flags.out, run["data"].get<std::string>());
    QUIVER_TRY(write_file(path, plot_svg(plot_of(run, run["parts"][0]))));
  }
  return Answer{std::move(report.json), std::move(report.summary)};
}

}  // namespace

std::vector<Verb> bench_search_verbs() {
  return {
      make_verb<SearchBenchFlags>(
          {.name = "bench search",
           .summary = "speed at a recall, beside other searchers on the same vectors",
           .details =
               "Exact neighbours are computed, every searcher builds or loads its index, then all are asked in turn, "
               "each in a process of its own on one thread. Speeds are queries per CPU second: the median of the "
               "rounds, between the two efforts around a recall on a logarithm. Ctrl-C keeps what was measured.\n\n"
               "Peers are programs that bench/peers/prepare fetches and builds; bench/peers/README.md says what a "
               "program must answer to take part.",
           .required = {"data", "out"},
           .examples = {{"quiver bench search --data base.fvecs --query-data query.fvecs --out out", "Quiver alone"},
                        {"quiver bench search --data mnist-784-euclidean.hdf5 --peers peers --out out",
                         "beside all that are prepared"},
                        {"quiver bench search --data x.hdf5 --peers peers --peer hnswlib:M=32@20/80,glass --out out",
                         "beside two of them"}}},
          run_search_bench),
      make_verb<AnswerFlags>({.name = "bench answer",
                              .summary = "answer the questions of `bench search` on stdin",
                              .details = "Quiver's own side of the contest: bench/peers/README.md has the lines.",
                              .required = {"base", "queries", "truth", "cache"}},
                             run_answer),
      make_verb<ReportFlags>({.name = "bench report",
                              .summary = "judge the bars of search by runs of `bench search`",
                              .details = "The newest run that measured a bar decides it. Nothing is typed by hand.",
                              .positional = {"runs"},
                              .required = {"runs"},
                              .examples = {{"quiver bench report out/mnist out/sift --out search", ""}}},
                             run_report),
  };
}

}  // namespace quiver::cli
