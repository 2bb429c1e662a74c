// quiver advise: which index to build of one's own vectors, found by measuring. The measuring is inspect/advise.h; here
// are its words: a recommendation with the command that builds it, a table, and a page with the Pareto front.
#include "quiver/inspect/advise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "quiver/cli/inputs.h"
#include "quiver/cli/plot.h"
#include "quiver/cli/quantities.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/inspect/report.h"

namespace quiver::cli {
namespace {

struct AdviseFlags {
  std::string data, column, queries, metric, memory, time = "10m", out;
  double recall = 0.95;
  std::uint32_t k = 10;
  std::vector<std::string> specs;
  std::size_t sample = 20'000;
  template <class V>
  void visit(V& v) {
    v("data", data, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("queries", queries, "queries like those to come; empty: rows held out of the data");
    v("recall", recall, "the part of the true neighbours a search should find, between 0 and 1");
    v("memory", memory, "how much the index may take, such as 2GB; empty: any");
    v("k", k, "hits a query gets", 1, 10000);
    v("metric", metric, "l2, dot, cosine, manhattan or hamming; empty: what the vectors say");
    v("time", time, "begin no further round after this long, such as 90s, 10m or 1h");
    v("specs", specs, "the candidates, separated by commas; empty: a range of them");
    v("sample", sample, "rows of the first round, which sees every candidate", 100, 1e9);
    v("out", out, "a folder for advice.html and advice.json; empty: print only");
  }
};

std::string in_shell(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" \t'\"\\$`()&|;<>?*[]#!{}~") == std::string::npos;
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The two commands that make the recommended index and ask it the recommended way.
std::string commands_for(const AdviseFlags& flags, const Advice& advice, Metric metric) {
  const AdviceCandidate& best = advice.candidates[*advice.best];
  const std::string index = std::filesystem::path(flags.data.substr(0, flags.data.find('?'))).stem().string() + ".qvi";
  const std::string column = flags.column.empty() ? "" : " --column " + in_shell(flags.column);
  const std::string queries = flags.queries.empty() ? "" : " --queries " + in_shell(flags.queries);
  return fmt::format(
      "quiver index build --vectors {}{} --metric {} --spec {}{} --out {}\n"
      "quiver search --index {} --queries {} -k {}{} --batch 256\n",
      in_shell(flags.data), column, name_of(metric), in_shell(best.spec), queries, in_shell(index), in_shell(index),
      flags.queries.empty() ? "FILE" : in_shell(flags.queries), flags.k, best.points[*best.reaches].setting.flags());
}

Json json_of_interval(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}
Json json_of(const Advice& advice, const AdviceCandidate& candidate) {
  Json points = Json::array();
  for (const AdvicePoint& point : candidate.points) {
    points.push_back({{"flags", point.setting.flags()},
                      {"recall_tuned", json_of_interval(point.tuned)},
                      {"recall", json_of_interval(point.recall)},
                      {"cpu_seconds", point.seconds},
                      {"queries_per_cpu_second", 1 / point.seconds},
                      {"on_front", point.on_front}});
  }
  Json json{{"spec", candidate.spec},
            {"measured_rows", candidate.rows},
            {"bytes_per_row", candidate.bytes},
            {"bytes", advice.bytes_of(candidate)},
            {"build_cpu_seconds", candidate.build_seconds},
            {"points", std::move(points)},
            {"fits", candidate.fits},
            {"dropped", candidate.dropped}};
  if (candidate.reaches) json["reaches_recall_at"] = *candidate.reaches;
  return json;
}

// One line a candidate: at the setting that reached the recall, else at its most.
std::vector<std::string> cells_of(const AdviceCandidate& candidate) {
  if (candidate.points.empty()) return {candidate.spec, "-", "-", "-", "-", "-", candidate.dropped};
  const AdvicePoint& point = candidate.points[candidate.reaches.value_or(candidate.points.size() - 1)];
  return {candidate.spec,
          grouped(candidate.rows),
          fmt::format("{:.4f}", point.recall.mean),
          grouped(static_cast<std::uint64_t>(1 / point.seconds)),
          fmt::format("{:.0f}", candidate.bytes),
          human_seconds(candidate.build_seconds),
          !candidate.dropped.empty() ? candidate.dropped
          : !candidate.fits          ? "more than the memory allowed"
          : !candidate.reaches       ? "does not reach the recall"
                                     : ""};
}
const std::vector<std::string> kHeads = {"index", "rows", "recall", "queries/s", "bytes/row", "build", ""};

Plot plot_of(const Advice& advice, std::uint32_t k) {
  Plot plot{.title = "Recall and speed",
            .subtitle = fmt::format("{} rows of {} dimensions; queries a CPU second on one thread; pointing shows the "
                                    "memory",
                                    grouped(advice.candidates.front().rows), advice.dims),
            .x_label = fmt::format("recall@{}", k),
            .y_label = "queries a CPU second",
            .x = Scale::Nines,
            .y = Scale::Log};
  const auto add = [&](const std::string& label, const auto& use, bool front) {
    PlotSeries series{.label = label, .ours = front, .joined = !front};
    for (const AdviceCandidate& candidate : advice.candidates) {
      if (candidate.rows != advice.candidates.front().rows || !use(candidate)) continue;
      for (const AdvicePoint& point : candidate.points) {
        if (front && !point.on_front) continue;
        series.x.push_back(point.recall.mean);
        series.y.push_back(1 / point.seconds);
        series.notes.push_back(
            fmt::format("{}{}: {:.0f} bytes a row", candidate.spec, point.setting.flags(), candidate.bytes));
      }
    }
    if (!series.x.empty()) plot.series.push_back(std::move(series));
  };
  for (const AdviceCandidate& one : advice.candidates) {
    add(
        one.spec, [&](const AdviceCandidate& c) { return &c == &one; }, false);
  }
  add(
      "the front: nothing has more recall, speed and less memory", [](const AdviceCandidate&) { return true; }, true);
  return plot;
}

// How it was measured, in one paragraph.
std::string method_of(const Advice& advice) {
  return fmt::format(
      "{} rows of {} dimensions. {} queries{} turned the knobs; recall and speed are of {} others. {} rows "
      "were measured in the last round{}.",
      grouped(advice.rows), advice.dims, grouped(advice.tuning_queries),
      advice.held_out ? ", rows held out of the data," : "", grouped(advice.queries),
      grouped(advice.candidates.front().rows),
      advice.interrupted   ? "; the measuring was interrupted"
      : advice.out_of_time ? "; there was no time for more: give --time more to see all"
                           : "");
}

Result<void> write_page(const std::filesystem::path& path, const AdviseFlags& flags, const Advice& advice,
                        const std::string& commands) {
  HtmlReport page(fmt::format("Which index for {}", flags.data));
  page.paragraph(advice.why + ".");
  if (!commands.empty()) page.code(commands);
  page.figure(plot_svg(plot_of(advice, flags.k)));
  ReportTable table{.columns = kHeads, .rows = {}};
  table.columns.back() = "note";
  for (const AdviceCandidate& candidate : advice.candidates) table.rows.push_back(cells_of(candidate));
  page.table(table);
  ReportTable front{.columns = {"on the front", "setting", "recall", "queries/s", "bytes/row"}, .rows = {}};
  for (const AdviceCandidate& candidate : advice.candidates) {
    for (const AdvicePoint& point : candidate.points) {
      if (!point.on_front) continue;
      front.rows.push_back(
          {candidate.spec, point.setting.flags(),
           fmt::format("{:.4f} ({:.4f} .. {:.4f})", point.recall.mean, point.recall.low, point.recall.high),
           grouped(static_cast<std::uint64_t>(1 / point.seconds)), fmt::format("{:.0f}", candidate.bytes)});
    }
  }
  page.table(front);
  page.paragraph(method_of(advice));
  return page.save(path);
}

Result<Answer> run_advise(const AdviseFlags& flags, Run& run) {
  AdviseOptions options{.k = flags.k, .recall = flags.recall, .specs = flags.specs, .sample = flags.sample};
  if (!flags.memory.empty()) {
    QUIVER_TRY(options.memory, parse_bytes(flags.memory).within("option 'memory'"));
  }
  QUIVER_TRY(options.seconds, parse_duration(flags.time).within("option 'time'"));
  if (!flags.out.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(flags.out, failed);
    if (failed) return Error::io(fmt::format("making the folder {}: {}", flags.out, failed.message()));
  }
  QUIVER_TRY(Rows rows, read_rows(flags.data, flags.column));
  Rows queries;
  if (!flags.queries.empty()) {
    QUIVER_TRY(queries, read_rows(flags.queries, ""));
  }
  if (!flags.metric.empty()) {
    QUIVER_TRY(const Metric metric, parse_metric(flags.metric));
    const auto spaced = [&](const Rows& some) {
      Space space = some.space();
      space.metric = metric;
      return some.in_space(space);
    };
    rows = spaced(rows);
    if (!flags.queries.empty()) queries = spaced(queries);
  }
  QUIVER_TRY(const Advice advice, advise(rows, queries, options, run).within(flags.data));

  const std::string commands = advice.best ? commands_for(flags, advice, rows.space().metric) : "";
  Table table(kHeads);
  Json list = Json::array();
  for (const AdviceCandidate& candidate : advice.candidates) {
    std::vector<std::string> cells = cells_of(candidate);
    cells.back() = shorten(cells.back(), 60);
    table.add(std::move(cells));
    list.push_back(json_of(advice, candidate));
  }
  Json json{{"data", flags.data},
            {"rows", advice.rows},
            {"dims", advice.dims},
            {"metric", name_of(rows.space().metric)},
            {"k", flags.k},
            {"recall", flags.recall},
            {"memory", options.memory},
            {"tuning_queries", advice.tuning_queries},
            {"queries", advice.queries},
            {"held_out", advice.held_out},
            {"interrupted", advice.interrupted},
            {"out_of_time", advice.out_of_time},
            {"why", advice.why},
            {"candidates", std::move(list)}};
  if (advice.best) {
    json["best"] = *advice.best;
    json["commands"] = commands;
  }
  std::string text = fmt::format("{}\n{}\n{}.\n", method_of(advice), table.text(), advice.why);
  text += advice.best ? "\n" + commands : "";
  if (!flags.out.empty()) {
    const std::filesystem::path folder(flags.out);
    QUIVER_TRY(write_file(folder / "advice.json", dump_json(json) + "\n"));
    QUIVER_TRY(write_page(folder / "advice.html", flags, advice, commands));
    text += fmt::format("\nThe Pareto front is drawn in {}\n", (folder / "advice.html").string());
  }
  return Answer{std::move(json), std::move(text)};
}

}  // namespace

Verb advise_verb() {
  return make_verb<AdviseFlags>(
      {.name = "advise",
       .summary = "say which index to build of your vectors, by measuring on them",
       .details =
           "Builds a range of indexes of a sample, turns each one's knob until the recall is reached, and lets the "
           "better "
           "ones go on to more rows. Half of the queries turn the knobs, the other half is reported. The answer is one "
           "spec, why, and the commands that build and ask it; or that nothing fits, and what is nearest. Ctrl-C ends "
           "the measuring and gives the advice on what was measured.",
       .positional = {"data"},
       .required = {"data"},
       .examples = {{"quiver advise base.fvecs --metric l2 --recall 0.95 --memory 2GB --out advice", ""},
                    {"quiver advise notes.qvr --queries asked.qvr --recall 0.99 --time 30m",
                     "on the queries you really get"}}},
      run_advise);
}

}  // namespace quiver::cli
