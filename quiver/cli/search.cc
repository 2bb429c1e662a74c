// quiver search: the rows nearest to a query, for one text or for a file of queries with its timings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/timing.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/statistics.h"
#include "quiver/data/read_vectors.h"
#include "quiver/index/spec.h"
#include "quiver/model/model.h"

namespace quiver::cli {
namespace {

struct SearchFlags {
  std::string index, model, text, queries, column, truth, labels, out;
  std::uint32_t k = 10, rerank = 0, effort = 0;
  std::size_t batch = 0;
  double recall = 0;
  bool measure = false;
  template <class V>
  void visit(V& v) {
    v("index", index, "the index file");
    v("model", model, "the model that encodes the queries");
    v("text", text, "one query in words");
    v("queries", queries, "many queries: texts for the model, or vectors");
    v("column", column, "the column of the queries; empty: the only one with vectors, else 'text'");
    v("k", k, "how many hits a query gets", 1, 100000);
    v("rerank", rerank, "candidates scored again by finer codes; 0: max(4 k, 64)", 0, 1 << 24);
    v("recall", recall, "the part of the true neighbours a graph should find, as it calibrated itself; 0: .95", 0, 1);
    v("effort", effort, "candidates a graph keeps while it is walked; 0: its own choice", 0, 1 << 24);
    v("batch", batch, "queries searched at once; 0: one after another", 0, 1 << 20);
    v("truth", truth, "the right rows of each query (.ivecs, .npy, .hdf5): recall is reported");
    v("labels", labels, "what to show for a row: SPEC:COLUMN, such as wordnet:/usr/share/wordnet:text");
    v("measure", measure, "also measure memory bandwidth and GEMM peak before and after, and compare with them");
    v("out", out, "write the hits of --queries as JSON lines");
  }
};

struct Queries {
  Items items;
  std::optional<Model> model;
  bool vectors = false;

  Result<Rows> encode(std::size_t first, std::size_t count, Run& run) const {
    const Items part = items.slice(first, count);
    if (!vectors) {
      QUIVER_TRY(Encoded encoded, model->encode(part, {.role = "query"}, run));
      return encoded.rows;
    }
    QUIVER_TRY(Rows rows, part.only_rows());
    if (!model) return rows;
    QUIVER_TRY(Encoded mapped, model->map(rows, {}, {.role = "query"}, run));
    return mapped.rows;
  }
};

Result<Queries> read_queries(const SearchFlags& options) {
  Queries queries;
  if (options.text.empty() == options.queries.empty()) {
    return Error::invalid_argument("give either --text \"words\" or --queries FILE");
  }
  if (!options.model.empty()) {
    QUIVER_TRY(queries.model, Model::open(options.model));
  }
  if (!options.text.empty()) {
    if (!queries.model)
      return Error::invalid_argument("--text needs --model FILE, the model that made the indexed vectors");
    queries.items = Items::of("text", std::vector<std::string>{options.text});
    return queries;
  }
  QUIVER_TRY(Dataset data, Dataset::open(options.queries));
  const Items& items = data.items();
  std::string column = options.column;
  if (column.empty()) column = vectors_column(items);
  if (column.empty()) column = "text";
  QUIVER_TRY(Field field, items.field(column).within(options.queries));
  queries.vectors = field.modality == Modality::Rows || field.modality == Modality::Number;
  if (queries.vectors) {
    QUIVER_TRY(Rows rows, items.rows(column).within(options.queries));
    queries.items = Items::of("vectors", std::move(rows));
  } else {
    if (!queries.model)
      return Error::invalid_argument(fmt::format("{} holds words, so --model FILE is needed", options.queries));
    QUIVER_TRY(const TextColumn words, items.text(column).within(options.queries));
    std::vector<std::string> texts;  // whatever the column is called here, a query port reads "text"
    for (std::size_t row = 0; row < words.size(); ++row) texts.emplace_back(words[row]);
    queries.items = Items::of("text", texts);
  }
  if (queries.items.empty()) return Error::invalid_argument(fmt::format("{} holds no queries", options.queries));
  return queries;
}

Json json_of(std::span<const Hit> hits, Metric metric, const std::optional<TextColumn>& labels) {
  Json list = Json::array();
  for (const Hit& hit : hits) {
    Json entry{{"row", hit.row}, {"score", score_of(metric, hit.distance)}};
    if (labels) entry["label"] = (*labels)[hit.row];
    list.push_back(std::move(entry));
  }
  return list;
}

// recall@k of the rows found against the first k rows of the truth.
Result<Interval> recall_against(const std::string& path, const Hits& hits, std::uint64_t seed) {
  QUIVER_TRY(Integers truth, read_integers(path));
  if (truth.rows != hits.queries() || truth.cols < hits.k) {
    return Error::invalid_argument(fmt::format("{}: holds {} x {} rows, needed are {} x {} or more (queries x k)", path,
                                               truth.rows, truth.cols, hits.queries(), hits.k));
  }
  std::vector<double> recalls;
  for (std::size_t query = 0; query < hits.queries(); ++query) {
    const auto right = truth.view().row(query).first(hits.k);
    const auto found = std::ranges::count_if(hits.of(query), [&](const Hit& hit) {
      return std::ranges::find(right, static_cast<std::int32_t>(hit.row)) != right.end();
    });
    recalls.push_back(hits.k == 0 ? 1.0 : static_cast<double>(found) / hits.k);
  }
  return bootstrap_mean(recalls, {.seed = seed});
}

Result<void> write_hits(const std::string& path, const Hits& hits, Metric metric,
                        const std::optional<TextColumn>& labels) {
  QUIVER_TRY(FileWriter file, FileWriter::create(path));
  for (std::size_t query = 0; query < hits.queries(); ++query) {
    const Json line{{"query", query}, {"hits", json_of(hits.of(query), metric, labels)}};
    QUIVER_TRY(file.write(dump_json(line, -1) + "\n"));
  }
  return file.commit();
}

std::string speeds_text(const Searched& searched, bool encoded) {
  Table table({"", "queries/s", "p50", "p99"});
  const auto add = [&](const char* what, const Speed& speed) {
    table.add({what, grouped(static_cast<unsigned long long>(speed.per_second)), human_seconds(speed.p50),
               human_seconds(speed.p99)});
  };
  if (encoded) add("encoding", searched.encoding);
  add("searching", searched.searching);
  return table.text();
}

std::string limits_text(const Limits& limits, const Searched& searched, const Machine& machine) {
  std::string text =
      fmt::format("Machine, measured in this run: {:.1f} GB/s read, {:.0f} GFLOP/s GEMM, {} threads, {}\n",
                  machine.read_gb_per_s, machine.gemm_gflop_per_s, machine.threads, machine.simd);
  if (limits.p50_over_bandwidth > 0) {
    text +=
        fmt::format("A query scans {}; p50 is {:.2f} x the time to read that much\n",
                    human_bytes(static_cast<unsigned long long>(limits.bytes_per_query)), limits.p50_over_bandwidth);
  }
  if (limits.part_of_gemm_peak > 0) {
    text += fmt::format("Batches ran at {:.1f} GFLOP/s ({}), {:.0f} % of the GEMM peak\n", limits.gflop_per_s,
                        searched.stats.plan, 100 * limits.part_of_gemm_peak);
  }
  return text;
}

double four_digits(float value) { return std::round(double{value} * 1e4) / 1e4; }

// What an index that calibrated itself expects to find, when a recall was asked for; and whether that is out of reach.
std::string reached_text(double asked, float expected) {
  if (asked <= 0 || expected <= 0) return "";
  if (double{expected} >= asked - 5e-4) return fmt::format("Expected recall {:.4f}, as calibrated\n", expected);
  return fmt::format(
      "Recall {:g} is out of reach: when it calibrated itself, this index found {:.4f} at its most.\n"
      "A larger --effort, finer rerank codes or flat find more.\n",
      asked, expected);
}

Result<Answer> answer_one(const Hits& hits, const SearchFlags& options, const Index& index,
                          const std::optional<TextColumn>& labels) {
  const Metric metric = index.space().metric;
  std::vector<std::string> heads{"rank", "row", "score"};
  if (labels) heads.emplace_back("label");
  Table table(std::move(heads));
  std::size_t rank = 0;
  for (const Hit& hit : hits.of(0)) {
    std::vector<std::string> cells{std::to_string(++rank), std::to_string(hit.row),
                                   fmt::format("{:.4f}", score_of(metric, hit.distance))};
    if (labels) cells.push_back(shorten((*labels)[hit.row], 90));
    table.add(std::move(cells));
  }
  return Answer{{{"text", options.text}, {"metric", name_of(metric)}, {"hits", json_of(hits.of(0), metric, labels)}},
                hits.of(0).empty() ? "Nothing found\n" : table.text(0)};
}

Result<Answer> run_search(const SearchFlags& options, Run& run) {
  QUIVER_TRY(auto index, open_index(options.index));
  QUIVER_TRY(Queries queries, read_queries(options));
  std::optional<TextColumn> labels;
  if (!options.labels.empty()) {
    QUIVER_TRY(labels, read_labels(options.labels));
    if (labels->size() != index->size()) {
      return Error::invalid_argument(
          fmt::format("--labels {} has {} rows, the index {}; they must be the same set in the same order",
                      options.labels, labels->size(), index->size()));
    }
  }
  SearchParams params;
  params.k = options.k;
  params.rerank = options.rerank;
  params.recall = static_cast<float>(options.recall);
  params.effort = options.effort;
  RunOptions silent;
  silent.seed = run.seed();
  silent.threads = run.threads().count();
  Run quiet(silent);  // encodes query by query without a progress line for each
  const QuerySource source{
      .queries = queries.items.size(),
      .encode = [&](std::size_t first, std::size_t count) { return queries.encode(first, count, quiet); },
      .batch = options.batch};
  Machine machine;
  if (options.measure) machine = measure_machine(run);
  QUIVER_TRY(Searched searched, search_timed(*index, source, params, run));
  if (options.measure) machine = better_of(machine, measure_machine(run));
  if (!options.text.empty() && !options.measure) {
    QUIVER_TRY(Answer answer, answer_one(searched.hits, options, *index, labels));
    const float expected = searched.stats.expected_recall;
    if (expected > 0) answer.json["expected_recall"] = four_digits(expected);
    if (double{expected} < options.recall) answer.text += reached_text(options.recall, expected);
    return answer;
  }

  const Metric metric = index->space().metric;
  const bool encoded = queries.model.has_value();
  Json json{{"queries", source.queries},   {"k", options.k},
            {"batch", options.batch},      {"rows", index->size()},
            {"dims", index->space().dims}, {"spec", index->spec()},
            {"plan", searched.stats.plan}, {"searching", to_json(searched.searching)}};
  if (encoded) json["encoding"] = to_json(searched.encoding);
  std::string text =
      fmt::format("{} queries, k = {}, {}; {} rows of {} dimensions, \"{}\"\n{}", grouped(source.queries), options.k,
                  options.batch == 0 ? "one after another" : fmt::format("{} at once", options.batch),
                  grouped(index->size()), index->space().dims, index->spec(), speeds_text(searched, encoded));
  if (!options.truth.empty()) {
    QUIVER_TRY(Interval recall, recall_against(options.truth, searched.hits, run.seed()));
    json["recall"] = {{"k", searched.hits.k}, {"mean", recall.mean}, {"low", recall.low}, {"high", recall.high}};
    text += fmt::format("recall@{} {:.4f} ({:.4f} .. {:.4f})\n", searched.hits.k, recall.mean, recall.low, recall.high);
  }
  if (searched.stats.expected_recall > 0) json["expected_recall"] = four_digits(searched.stats.expected_recall);
  text += reached_text(options.recall, searched.stats.expected_recall);
  if (options.measure) {
    const Limits limits = limits_of(searched, *index, options.batch, machine);
    json["machine"] = to_json(machine);
    json["limits"] = to_json(limits);
    text += limits_text(limits, searched, machine);
  }
  if (!options.out.empty()) {
    QUIVER_TRY(write_hits(options.out, searched.hits, metric, labels));
    json["out"] = options.out;
    text += fmt::format("Hits are in {}\n", options.out);
  }
  return Answer{std::move(json), std::move(text)};
}

}  // namespace

Verb search_verb() {
  return make_verb<SearchFlags>(
      {.name = "search",
       .summary = "find the rows nearest to a query",
       .details =
           "With --text, prints the hits. With --queries, loads everything once, then reports encoding and searching "
           "apart; --out keeps the hits. The model's and the index's spaces must be comparable.",
       .required = {"index"},
       .examples = {{"quiver search --index words.qvi --model words.qvm --text \"a large wild cat with a mane\"",
                     "one query in words"},
                    {"quiver search --index base.qvi --queries query.fvecs --truth truth.ivecs --measure",
                     "recall, and speed beside the limits"},
                    {"quiver search --index base.qvi --queries query.fvecs --batch 256 --out hits.jsonl",
                     "throughput, hits kept"}}},
      run_search);
}

}  // namespace quiver::cli
