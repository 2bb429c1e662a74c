// quiver inspect matryoshka: what the first coordinates of vectors are worth alone, and whether they may be cut at all.
#include <fmt/format.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/inspect/prefix_quality.h"

namespace quiver::cli {
namespace {

struct MatryoshkaFlags {
  std::string file, column, labels;
  std::vector<std::size_t> dims;
  std::uint32_t k = 10, sample = 1000;
  float keep = 0.95F;
  template <class V>
  void visit(V& v) {
    v("file", file, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("labels", labels, "a class for every row, as SPEC:COLUMN, such as items.jsonl:topic");
    v("dims", dims, "lengths to measure, rising; empty: halves of the whole, down to 4", 1, 1 << 20);
    v("k", k, "nearest others that are compared", 1, 10000);
    v("sample", sample, "rows that are asked for theirs; 0: all", 0, 1 << 24);
    v("keep", keep, "the part of the whole's quality that is enough", 0.01, 1);
  }
};

Json json_of(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}
std::string percent(const Interval& interval) { return fmt::format("{:.1f} %", 100 * interval.mean); }

Answer answer_of(const std::string& file, const PrefixReport& report, Metric metric) {
  const bool labelled = report.whole_accuracy.has_value();
  std::vector<std::string> head{"dims", "same neighbours", "random dims", "pca dims", "same nearest"};
  if (labelled) head.emplace_back("1-NN right");
  Table table(head);
  Json lengths = Json::array();
  for (const PrefixQuality& length : report.lengths) {
    std::vector<std::string> row{grouped(length.dims), percent(length.agreement), percent(length.random),
                                 percent(length.directions), percent(length.nearest)};
    Json entry{{"dims", length.dims},
               {"agreement", json_of(length.agreement)},
               {"random", json_of(length.random)},
               {"pca", json_of(length.directions)},
               {"nearest", json_of(length.nearest)},
               {"over_random", json_of(length.over_random)}};
    if (labelled) {
      row.push_back(percent(*length.accuracy));
      entry["accuracy"] = json_of(*length.accuracy);
    }
    table.add(std::move(row));
    lengths.push_back(std::move(entry));
  }
  Json json{{"file", file},           {"rows", report.rows},   {"dims", report.dims},       {"metric", name_of(metric)},
            {"k", report.k},          {"asked", report.asked}, {"ordered", report.ordered}, {"enough", report.enough},
            {"advice", report.advice}};
  if (labelled) {
    std::vector<std::string> whole{grouped(report.dims), "100.0 %", "100.0 %", "100.0 %", "100.0 %"};
    whole.push_back(percent(*report.whole_accuracy));
    table.add(std::move(whole));
    json["accuracy"] = json_of(*report.whole_accuracy);
  }
  json["lengths"] = std::move(lengths);
  return {std::move(json), fmt::format("{}: {} vectors of {} dims, {}; {} asked for their {} nearest\n{}{}\n", file,
                                       grouped(report.rows), report.dims, name_of(metric), grouped(report.asked),
                                       report.k, table.text(), "Advice: " + report.advice)};
}

Result<Answer> run_matryoshka(const MatryoshkaFlags& options, Run& run) {
  QUIVER_TRY(const Rows rows, read_rows(options.file, options.column));
  std::vector<std::uint32_t> labels;
  if (!options.labels.empty()) {
    QUIVER_TRY(labels, read_classes(options.labels, rows.size()));
  }
  QUIVER_TRY(
      const PrefixReport report,
      prefix_quality(
          rows, labels,
          {.dims = options.dims, .k = options.k, .sample = options.sample, .keep = static_cast<double>(options.keep)},
          run)
          .within(options.file));
  return answer_of(options.file, report, rows.space().metric);
}

}  // namespace

Verb inspect_matryoshka_verb() {
  return make_verb<MatryoshkaFlags>(
      {.name = "inspect matryoshka",
       .summary = "measure what the first coordinates of vectors are worth alone",
       .details =
           "Some models are trained so that the first 8, 16, 32, ... coordinates of a vector are a vector (Matryoshka "
           "representation learning); others may be cut only at a loss. At every length: how many of the nearest "
           "others by the prefix are nearest by the whole too, beside as many coordinates drawn at random and the "
           "directions of most variance, and with labels how often the nearest row has the right one. Prefixes are "
           "compared by the metric of the vectors, so cosine takes each at unit length.",
       .positional = {"file"},
       .required = {"file"},
       .examples = {{"quiver inspect matryoshka notes.qvr --labels notes.jsonl:topic", ""},
                    {"quiver inspect matryoshka theirs.npy --dims 64,128,256", "of another library's model"}}},
      run_matryoshka);
}

}  // namespace quiver::cli
