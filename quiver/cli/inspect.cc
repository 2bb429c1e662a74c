// quiver inspect: what a model, an index or vectors hold, and how much of the exact answer an index finds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/cli/inputs.h"
#include "quiver/cli/show.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/recall.h"
#include "quiver/model/model.h"

namespace quiver::cli {
namespace {

struct RecallVerbOptions {
  std::string index, vectors, queries, column;
  std::uint32_t k = 10, sample = 1000, rerank = 0, effort = 0;
  double recall = 0;
  template <class V>
  void visit(V& v) {
    v("index", index, "the index to audit");
    v("vectors", vectors, "the vectors it was built from; they are searched exactly");
    v("queries", queries, "queries as vectors; empty: rows of the vectors themselves");
    v("column", column, "the column that holds the vectors; empty: the only one");
    v("k", k, "hits compared", 1, 10000);
    v("sample", sample, "queries drawn; 0: all", 0, 1 << 24);
    v("rerank", rerank, "candidates scored again by finer codes; 0: max(4 k, 64)", 0, 1 << 24);
    v("recall", recall, "what a graph is asked to find, as it calibrated itself; 0: .95", 0, 1);
    v("effort", effort, "candidates a graph keeps while it is walked; 0: its own choice", 0, 1 << 24);
  }
};

Json json_of(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}

Result<Answer> run_recall(const RecallVerbOptions& options, Run& run) {
  QUIVER_TRY(auto index, open_index(options.index));
  QUIVER_TRY(Rows rows, read_rows(options.vectors, options.column));
  Space space = rows.space();
  space.metric = index->space().metric;
  rows = rows.in_space(space);
  QUIVER_TRY(auto exact, build_index(IndexSpec{}, rows, {}, run));
  Rows queries = rows;
  if (!options.queries.empty()) {
    QUIVER_TRY(queries, read_rows(options.queries, options.column));
  }
  QUIVER_TRY(RowsView view, queries_for(*index, queries));
  QUIVER_TRY(Recall recall, audit_recall(*index, *exact, view,
                                         {.k = options.k,
                                          .sample = options.sample,
                                          .params = {.rerank = options.rerank,
                                                     .recall = static_cast<float>(options.recall),
                                                     .effort = options.effort}},
                                         run));
  return Answer{{{"k", recall.k},
                 {"queries", recall.queries},
                 {"recall", json_of(recall.at_k)},
                 {"complete", json_of(recall.complete)},
                 {"spec", index->spec()},
                 {"bytes", index->bytes()},
                 {"exact_bytes", exact->bytes()}},
                fmt::format("recall@{} {:.4f} ({:.4f} .. {:.4f}) over {} queries, \"{}\" against exact search\n"
                            "{:.1f} % of the queries lost nothing ({:.1f} .. {:.1f})\n{} instead of {}\n",
                            recall.k, recall.at_k.mean, recall.at_k.low, recall.at_k.high, grouped(recall.queries),
                            index->spec(), 100 * recall.complete.mean, 100 * recall.complete.low,
                            100 * recall.complete.high, human_bytes(index->bytes()), human_bytes(exact->bytes()))};
}

struct FileOptions {
  std::string file;
  template <class V>
  void visit(V& v) {
    v("file", file, "the file");
  }
};

Result<Answer> run_index(const FileOptions& options, Run&) {
  QUIVER_TRY(auto index, open_index(options.file));
  const Space& space = index->space();
  return Answer{
      {{"file", options.file},
       {"spec", index->spec()},
       {"rows", index->size()},
       {"live", index->live()},
       {"dims", space.dims},
       {"metric", name_of(space.metric)},
       {"space", space.id},
       {"bytes", index->bytes()}},
      fmt::format("{}: \"{}\"\n  rows    {} ({} live)\n  vectors {} dimensions, {}, space {}\n  memory  {}\n",
                  options.file, index->spec(), grouped(index->size()), grouped(index->live()), space.dims,
                  name_of(space.metric), space.id.empty() ? "unknown" : space.id, human_bytes(index->bytes()))};
}

std::string columns_of(std::span<const Field> fields) {
  std::string out;
  for (const Field& field : fields) out += (out.empty() ? "" : ", ") + describe(field);
  return out.empty() ? "vectors" : out;
}

Result<Answer> run_model(const FileOptions& options, Run&) {
  QUIVER_TRY(Model model, Model::open(options.file));
  QUIVER_TRY(Json card, parse_json(model.card().to_json()));
  Json ports = Json::array(), tensors = Json::array();
  std::string text = fmt::format("{}: {}, {}, {}\n\nCard\n", options.file, model.id(), model.body(),
                                 human_bytes(model.weights().bytes()));
  QUIVER_TRY(std::string told, card_text(model.card()));
  text += told;
  text += "\nPorts\n";
  for (const Port& port : model.ports()) {
    ports.push_back({{"name", port.name},
                     {"ability", name_of(port.ability)},
                     {"role", port.role},
                     {"reads", columns_of(port.reads)},
                     {"space", port.space.id},
                     {"dims", port.space.dims},
                     {"metric", name_of(port.space.metric)},
                     {"prefixes", port.dims},
                     {"layers", port.layers}});
    text += fmt::format("  {}: {}{}, reads {}; gives {} dimensions, {}{}{}\n", port.name, name_of(port.ability),
                        port.role.empty() ? "" : " in role " + port.role, columns_of(port.reads), port.space.dims,
                        name_of(port.space.metric),
                        port.dims.empty() ? "" : fmt::format(", usable prefixes {}", fmt::join(port.dims, ", ")),
                        port.layers == 0 ? "" : fmt::format(", after any of {} layers", port.layers));
  }
  text += "\nTensors\n";
  for (const auto& [name, tensor] : model.weights().tensors()) {
    tensors.push_back({{"name", name}, {"what", tensor.shape_text()}, {"bytes", tensor.bytes.size()}});
    text += fmt::format("  {:<28} {}\n", name, tensor.shape_text());
  }
  return Answer{{{"file", options.file},
                 {"id", model.id()},
                 {"body", model.body()},
                 {"card", std::move(card)},
                 {"ports", std::move(ports)},
                 {"tensors", std::move(tensors)}},
                text};
}

struct VectorsOptions {
  std::string file, column;
  template <class V>
  void visit(V& v) {
    v("file", file, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
  }
};

Result<Answer> run_vectors(const VectorsOptions& options, Run&) {
  QUIVER_TRY(Rows rows, read_rows(options.file, options.column));
  const RowsView view = rows.view();
  Matrix floats;
  std::string element = "f32";
  if (const auto* stored = std::get_if<TypedView>(&view)) {
    element = name_of(stored->element);
    floats = to_float(*stored);
  } else {
    QUIVER_TRY(MatrixView dense, rows.dense());
    floats = Matrix::copy_of(dense);
  }
  QUIVER_TRY(check_finite(floats.view(), options.file));
  std::vector<double> norms;
  for (std::size_t i = 0; i < floats.rows(); ++i) {
    double squares = 0;
    for (const float x : floats.row(i)) squares += double{x} * x;
    norms.push_back(std::sqrt(squares));
  }
  const std::size_t zeros = static_cast<std::size_t>(std::ranges::count(norms, 0.0));
  double mean_squares = 0;
  for (const float mean : column_means(floats.view())) mean_squares += double{mean} * mean;
  const auto quantile = [&](double q) { return norms.empty() ? 0.0 : quantile_of(norms, q); };
  const Space& space = rows.space();
  return Answer{
      {{"file", options.file},
       {"rows", rows.size()},
       {"dims", space.dims},
       {"element", element},
       {"metric", name_of(space.metric)},
       {"space", space.id},
       {"norm", {{"min", quantile(0)}, {"median", quantile(0.5)}, {"max", quantile(1)}}},
       {"norm_of_mean", std::sqrt(mean_squares)},
       {"zero_rows", zeros}},
      fmt::format(
          "{}: {} vectors of {} {} numbers, {}, space {}\n"
          "  length        {:.4g} .. {:.4g}, median {:.4g}\n  mean vector   length {:.4g}\n  zero vectors  {}\n",
          options.file, grouped(rows.size()), space.dims, element, name_of(space.metric),
          space.id.empty() ? "unknown" : space.id, quantile(0), quantile(1), quantile(0.5), std::sqrt(mean_squares),
          grouped(zeros))};
}

}  // namespace

std::vector<Verb> inspect_verbs() {
  return {
      make_verb<RecallVerbOptions>(
          {.name = "inspect recall",
           .summary = "say how much of the exact answer an index finds, with an interval",
           .required = {"index", "vectors"},
           .examples = {{"quiver inspect recall --index notes.qvi --vectors notes.qvr --queries q.qvr",
                         "against exact search"}}},
          run_recall),
      make_verb<FileOptions>(
          {.name = "inspect model",
           .summary = "show a model's card, ports and tensors",
           .positional = {"file"},
           .required = {"file"},
           .examples = {{"quiver inspect model words.qvm", "where it comes from and what it reads"}}},
          run_model),
      make_verb<VectorsOptions>({.name = "inspect vectors",
                                 .summary = "show the size, lengths and space of vectors",
                                 .positional = {"file"},
                                 .required = {"file"},
                                 .examples = {{"quiver inspect vectors notes.qvr", ""}}},
                                run_vectors),
      make_verb<FileOptions>({.name = "inspect index",
                              .summary = "show what an index holds",
                              .positional = {"file"},
                              .required = {"file"},
                              .examples = {{"quiver inspect index notes.qvi", ""}}},
                             run_index),
  };
}

}  // namespace quiver::cli
