#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "quiver/cli/demo.h"
#include "quiver/cli/table.h"
#include "quiver/core/progress.h"
#include "quiver/core/random.h"
#include "quiver/data/read_wordnet.h"
#include "quiver/inspect/layout_2d.h"
#include "quiver/inspect/report.h"

namespace quiver::cli::demo {
namespace {

constexpr std::uint32_t kPoints = 10'000;     // of the map
constexpr std::size_t kLabelCharacters = 80;  // keeps the page under 5 MB

std::string number(const Json& value, int digits = 3) { return fmt::format("{:.{}f}", value.get<double>(), digits); }

std::string with_interval(const Json& value) {
  return fmt::format("{} ({} .. {})", number(value["mean"]), number(value["low"]), number(value["high"]));
}

ReportBar bar(const std::string& label, const Json& value) {
  return {label, value["mean"].get<double>(), value["low"].get<double>(), value["high"].get<double>()};
}

void add_quality(HtmlReport& page, const Json& task) {
  page.heading("Quality");
  page.paragraph(fmt::format(
      "Task: find the entry an example sentence was written for. {} sentences of synsets that training never saw, "
      "against all {} entries. Intervals: 95 % bootstrap over queries.",
      grouped(task["test_queries"].get<std::uint64_t>()), grouped(task["entries"].get<std::uint64_t>())));
  ReportTable table{.columns = {"", "MRR@10", "recall@10", "recall@100"}, .rows = {}};
  ReportBars mrr{.title = "MRR@10", .bars = {}}, recall{.title = "recall@10", .bars = {}};
  for (const auto& [name, arm] : task["arms"].items()) {
    table.rows.push_back(
        {name, with_interval(arm["mrr@10"]), with_interval(arm["recall@10"]), with_interval(arm["recall@100"])});
    mrr.bars.push_back(bar(name, arm["mrr@10"]));
    recall.bars.push_back(bar(name, arm["recall@10"]));
  }
  table.caption = fmt::format(
      "Paired differences: encoder - bm25 {} in MRR@10; fused - the better part {} in recall@10. Chosen on the "
      "validation side: {}.",
      with_interval(task["differences"]["encoder - bm25"]["mrr@10"]),
      with_interval(task["differences"]["fused - best"]["recall@10"]), chosen_text(task));
  page.table(table);
  page.bars(mrr);
  page.bars(recall);
}

void add_speed(HtmlReport& page, const Json& document) {
  page.heading("Size and speed");
  ReportTable indexes{.columns = {"index", "bytes per vector", "recall@10 against exact search",
                                  "queries per second, one by one", "in batches of 256"},
                      .rows = {}};
  for (const char* name : {"compression", "graph"}) {
    const Json& index = document[name];
    indexes.rows.push_back({index["spec"].get<std::string>(), number(index["bytes_per_vector"], 0),
                            with_interval(index["recall@10"]), number(index["one_by_one"]["queries_per_second"], 0),
                            number(index["batches_of_256"]["queries_per_second"], 0)});
  }
  page.table(indexes);
  ReportTable table{.columns = {"", ""}, .rows = {}};
  table.rows = {{"bytes per vector of floats", number(document["compression"]["bytes_per_vector_f32"], 0)},
                {"threads", std::to_string(document["threads"].get<unsigned>())}};
  for (const auto& [step, entry] : document["seconds"].items()) {
    const std::string time = entry["seconds"].is_number() ? duration_text(entry["seconds"].get<double>()) : "unknown";
    table.rows.push_back({"time to " + step, time + (entry["kept"].get<bool>() ? " (kept from an earlier run)" : "")});
  }
  page.table(table);
}

void add_samples(HtmlReport& page, const Json& document) {
  page.heading("Five queries in words");
  page.paragraph("Answered by encoder and BM25 fused; the score is the cosine and the weighted part of BM25's best.");
  for (const Json& sample : document["samples"]) {
    ReportTable table{.columns = {sample["query"].get<std::string>(), "score"}, .rows = {}};
    for (const Json& hit : sample["hits"])
      table.rows.push_back({hit["label"].get<std::string>(), number(hit["score"])});
    page.table(table);
  }
  page.paragraph("Your own, answered by the encoder alone:");
  page.code(document["command"].get<std::string>());
}

// The part of speech is the last letter of a synset's name.
std::string_view kind_of(std::string_view synset) {
  switch (synset.empty() ? ' ' : synset.back()) {
    case 'n':
      return "nouns";
    case 'v':
      return "verbs";
    case 'r':
      return "adverbs";
    default:
      return "adjectives";
  }
}

Result<void> add_map(HtmlReport& page, const Artefacts& made, Run& run) {
  QUIVER_TRY(MatrixView vectors, made.vectors.dense());
  QUIVER_TRY(TextColumn texts, made.task.entries.text("text"));
  QUIVER_TRY(Categories synsets, made.task.entries.categories("synset"));
  Random random(run.seed(), stream_of("map"));
  const auto chosen = random.sample(static_cast<std::uint32_t>(vectors.rows), kPoints);
  Matrix sample(chosen.size(), vectors.cols);
  ReportMap map{.title = fmt::format("{} entries, near where they mean nearly the same", grouped(chosen.size())),
                .points = {},
                .labels = {},
                .groups = {},
                .group_names = {"nouns", "verbs", "adjectives", "adverbs"},
                .caption =
                    "A layout of the neighbour graph in two dimensions: what lies together is similar, how far apart "
                    "islands lie means "
                    "little. Point at a dot to read its entry."};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::ranges::copy(vectors.row(chosen[i]), sample.row(i).begin());
    map.labels.push_back(shorten(texts[chosen[i]], kLabelCharacters));
    const auto group = std::ranges::find(map.group_names, kind_of(synsets.names[synsets.codes[chosen[i]]]));
    map.groups.push_back(static_cast<std::uint32_t>(group - map.group_names.begin()));
  }
  LayoutOptions layout;
  layout.seed = run.seed();
  QUIVER_TRY(Matrix points, layout_2d(sample.view(), made.vectors.space().metric, layout, run));
  map.points = points.view();
  page.heading("Map");
  return page.map(map);
}

}  // namespace

Result<void> write_report(const Json& document, const Artefacts& made, Run& run) {
  HtmlReport page("Quiver on WordNet");
  page.paragraph(
      fmt::format("A text encoder learned from scratch on WordNet's definitions; vectors of {} numbers, searched as "
                  "8-bit codes and through a graph. Seed {}, quiver {}{}.",
                  document["model"]["dims"].get<std::size_t>(), document["key"]["seed"].get<std::uint64_t>(),
                  document["key"]["version"].get<std::string>(),
                  document["model"]["quick"].get<bool>() ? ", quick training: lower numbers than the full one" : ""));
  add_quality(page, document["task"]);
  add_speed(page, document);
  add_samples(page, document);
  QUIVER_TRY(add_map(page, made, run));
  page.heading("Licence of the data");
  page.code(document["corpus"]["notice"].get<std::string>());
  return page.save(made.folder / "report.html");
}

}  // namespace quiver::cli::demo
