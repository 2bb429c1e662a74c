// quiver inspect lid: in how many directions vectors spread around each point, which says how hard they are for a
// graph.
#include <fmt/format.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/inspect/intrinsic_dimension.h"

namespace quiver::cli {
namespace {

struct LidFlags {
  std::string file, column;
  std::uint32_t k = 100, sample = 0;
  template <class V>
  void visit(V& v) {
    v("file", file, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("k", k, "nearest other rows the estimate is made of", 1, 100000);
    v("sample", sample, "points to estimate at, drawn at random; 0: all", 0, 1 << 30);
  }
};

Result<Answer> run_lid(const LidFlags& options, Run& run) {
  QUIVER_TRY(const Rows rows, read_rows(options.file, options.column));
  QUIVER_TRY(const IntrinsicDimension id, intrinsic_dimension(rows, {.k = options.k, .sample = options.sample}, run));
  Json quantiles = Json::object();
  Table table({"part of the points", "intrinsic dimension at most"});
  for (std::size_t i = 0; i < kLidQuantiles.size(); ++i) {
    quantiles[fmt::format("{:.2f}", kLidQuantiles[i])] = id.quantiles[i];
    table.add({fmt::format("{:.0f} %", 100 * kLidQuantiles[i]), fmt::format("{:.1f}", id.quantiles[i])});
  }
  const std::string notes =
      (id.with_duplicates > 0
           ? fmt::format("{} points have duplicates, which were left out\n", grouped(id.with_duplicates))
           : "") +
      (id.undefined > 0 ? fmt::format("undefined for {} points: duplicates only\n", grouped(id.undefined)) : "");
  return Answer{
      {{"file", options.file},
       {"rows", rows.size()},
       {"dims", rows.space().dims},
       {"metric", name_of(rows.space().metric)},
       {"k", id.k},
       {"points", id.points.size()},
       {"mean", id.mean},
       {"harmonic_mean", id.harmonic_mean},
       {"quantiles", std::move(quantiles)},
       {"with_duplicates", id.with_duplicates},
       {"undefined", id.undefined}},
      fmt::format("{}: intrinsic dimension {:.1f} of {} dims (harmonic mean {:.1f}), from {} neighbours of {} of "
                  "{} vectors\n{}{}",
                  options.file, id.mean, rows.space().dims, id.harmonic_mean, id.k, grouped(id.points.size()),
                  grouped(rows.size()), table.text(), notes)};
}

}  // namespace

Verb inspect_lid_verb() {
  return make_verb<LidFlags>(
      {.name = "inspect lid",
       .summary = "measure the intrinsic dimension of vectors, which says how hard they are to search",
       .details =
           "The maximum-likelihood estimate from the distances to the k nearest other rows, which are found exactly. "
           "The higher it is, the more candidates a graph must keep for the same recall.",
       .positional = {"file"},
       .required = {"file"},
       .examples = {{"quiver inspect lid notes.qvr --sample 2000", ""}}},
      run_lid);
}

}  // namespace quiver::cli
