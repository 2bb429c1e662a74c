// quiver map: vectors become vectors through a model, such as a projection.
#include <fmt/format.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/progress.h"
#include "quiver/data/read_vectors.h"
#include "quiver/model/model.h"

namespace quiver::cli {
namespace {

struct MapFlags {
  std::string model, vectors, column, role = "item", port, out;
  std::size_t dims = 0, rows = 0;
  template <class V>
  void visit(V& v) {
    v("model", model, "the model file");
    v("vectors", vectors, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("rows", rows, "how many rows there must be; 0: any");
    v("role", role, "what the vectors are: item (searched) or query (searching)");
    v("port", port, "the port of the model by name; empty: the one that fits");
    v("dims", dims, "keep this many coordinates, a prefix length the port lists; 0: all", 0, 1 << 20);
    v("out", out, "where the vectors go: .qvr, .npy or .fvecs");
  }
};

Result<Answer> run_map(const MapFlags& options, Run& run) {
  QUIVER_TRY(check_writable(options.out));
  QUIVER_TRY(Model model, Model::open(options.model));
  QUIVER_TRY(Rows rows, read_rows(options.vectors, options.column, options.rows));
  const ApplyOptions apply{.port = options.port, .role = options.role, .dims = options.dims};
  QUIVER_TRY(Encoded mapped, model.map(rows, {}, apply, run).within(fmt::format("mapping {}", options.vectors)));
  QUIVER_TRY(write_vectors(options.out, mapped.rows));
  const Space& space = mapped.rows.space();
  return Answer{
      {{"out", options.out}, {"rows", mapped.rows.size()}, {"dims", space.dims}, {"space", space.id}},
      fmt::format("{}: {} vectors, {} numbers became {}\nNext: quiver index build --vectors {} --out index.qvi\n",
                  options.out, grouped(mapped.rows.size()), rows.space().dims, space.dims, options.out)};
}

}  // namespace

Verb map_verb() {
  return make_verb<MapFlags>({.name = "map",
                              .summary = "turn vectors into vectors with a model, such as a projection",
                              .required = {"model", "vectors", "out"},
                              .examples = {{"quiver map --model pca.qvm --vectors base.fvecs --out base.qvr",
                                            "shorter vectors, ready to index"}}},
                             run_map);
}

}  // namespace quiver::cli
