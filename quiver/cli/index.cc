// quiver index build: vectors become an index file.
#include <fmt/format.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/index/hnsw.h"
#include "quiver/index/insertion_order.h"
#include "quiver/inspect/intrinsic_dimension.h"

namespace quiver::cli {
namespace {

struct IndexFlags {
  std::string vectors, column, spec = "flat + lvq(8)", metric, queries, out, order = "as_given";
  std::size_t rows = 0;
  template <class V>
  void visit(V& v) {
    v("vectors", vectors, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("rows", rows, "how many rows there must be; 0: any");
    v("spec", spec, "structure and codes");
    v("metric", metric, "l2, dot, cosine, manhattan or hamming; empty: what the vectors say");
    v("queries", queries, "sample queries, for codes that adapt to them");
    v.choice("order", order, "how rows enter an hnsw graph; hits keep their row numbers",
             {"as_given", "shuffled", "lid_descending"});
    v("out", out, "the index file, .qvi");
  }
};

Result<std::unique_ptr<Index>> built(const IndexFlags& options, const IndexSpec& spec, const Rows& rows,
                                     MatrixView queries, Run& run) {
  if (options.order == "as_given") return build_index(spec, rows, queries, run);
  if (spec.structure != "hnsw") {
    return Error::invalid_argument(
        fmt::format("--order {} is for hnsw, which rows enter one by one; '{}' takes them all at once", options.order,
                    spec.text()));
  }
  IntrinsicDimension dimension;
  const bool by_lid = options.order == "lid_descending";
  if (by_lid) {
    QUIVER_TRY(dimension, intrinsic_dimension(rows, {}, run));
  }
  QUIVER_TRY(const auto order, insertion_order(by_lid ? InsertionOrder::LidDescending : InsertionOrder::Shuffled,
                                               {.rows = rows.size(), .seed = run.seed(), .lid = dimension.lid}));
  return HnswIndex::build(spec, rows.view(), rows.space(), queries, run, order);
}

Result<Answer> run_build(const IndexFlags& options, Run& run) {
  QUIVER_TRY(check_writable(options.out));
  QUIVER_TRY(IndexSpec spec, IndexSpec::parse(options.spec));
  QUIVER_TRY(Rows rows, read_rows(options.vectors, options.column, options.rows));
  if (!options.metric.empty()) {
    Space space = rows.space();
    QUIVER_TRY(space.metric, parse_metric(options.metric));
    rows = rows.in_space(space);
  }
  Rows sample;
  MatrixView queries;
  if (!options.queries.empty()) {
    QUIVER_TRY(sample, read_rows(options.queries, ""));
    QUIVER_TRY(queries, sample.dense());
  }
  QUIVER_TRY(auto index, built(options, spec, rows, queries, run).within(fmt::format("indexing {}", options.vectors)));
  QUIVER_TRY(index->save(options.out));
  const double per_row = static_cast<double>(index->bytes()) / static_cast<double>(index->size());
  return Answer{{{"out", options.out},
                 {"spec", index->spec()},
                 {"metric", name_of(index->space().metric)},
                 {"rows", index->size()},
                 {"dims", index->space().dims},
                 {"bytes", index->bytes()},
                 {"bytes_per_row", per_row}},
                fmt::format("{}: {} rows, {} dimensions, {}, \"{}\"\n{} in memory, {:.1f} bytes a row\n"
                            "Next: quiver search --index {} --queries FILE\n",
                            options.out, grouped(index->size()), index->space().dims, name_of(index->space().metric),
                            index->spec(), human_bytes(index->bytes()), per_row, options.out)};
}

std::string specs_help() {
  std::string text = "A spec names a structure, then what the rows are stored as:\n";
  for (const std::string& line : index_help()) text += "\n    " + line;
  text += "\n";
  for (const std::string& line : quantizer_help()) text += "\n    " + line;
  return text;
}

}  // namespace

std::vector<Verb> index_verbs() {
  static const std::string details = specs_help();
  return {make_verb<IndexFlags>(
      {.name = "index build",
       .summary = "make vectors searchable",
       .details = details,
       .required = {"vectors", "out"},
       .examples = {{"quiver index build --vectors notes.qvr --out notes.qvi", "8-bit codes, a quarter of the memory"},
                    {"quiver index build --vectors base.fvecs --metric l2 --spec \"flat\" --out exact.qvi",
                     "floats as given"}}},
      run_build)};
}

}  // namespace quiver::cli
