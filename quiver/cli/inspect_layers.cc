// quiver inspect matryoshka2d: how good a model's sentence vectors are after each of its layers and at each length.
#include <fmt/format.h>

#include <algorithm>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/data/dataset.h"
#include "quiver/inspect/sts.h"
#include "quiver/recipes/sts.h"

namespace quiver::cli {
namespace {

struct LayersFlags {
  std::string model, sts, port, column = "text";
  std::vector<int> layers, dims;
  std::uint32_t repeats = 3;
  template <class V>
  void visit(V& v) {
    v("model", model, "the model, .qvm");
    v("sts", sts, "scored pairs: a table with two columns of texts and one of numbers");
    v("layers", layers, "layers to stop behind; empty: each the model has an exit at");
    v("dims", dims, "lengths to cut to; empty: those the model was trained for, and the whole");
    v("port", port, "the port to encode with; empty: the one that reads the column");
    v("column", column, "the column that the port reads its texts from");
    v("repeats", repeats, "passes that the time is the median of", 1, 1000);
  }
};

template <class Number>
Result<std::vector<Number>> counts_of(const std::vector<int>& values, std::string_view option) {
  std::vector<Number> out;
  for (const int value : values) {
    if (value < 1) return Error::invalid_argument(fmt::format("--{} {}: counts begin at 1", option, value));
    out.push_back(static_cast<Number>(value));
  }
  return out;
}

Result<Answer> run_layers(const LayersFlags& options, Run& run) {
  QUIVER_TRY(const Model model, Model::open(options.model));
  QUIVER_TRY(const Dataset data, Dataset::open(options.sts));
  QUIVER_TRY(const recipes::SentencePairs pairs, recipes::pairs_of(data.items()).within(options.sts));
  StsGridOptions grid_options{.repeats = options.repeats, .port = options.port, .column = options.column};
  QUIVER_TRY(grid_options.layers, counts_of<std::uint32_t>(options.layers, "layers"));
  QUIVER_TRY(grid_options.dims, counts_of<std::size_t>(options.dims, "dims"));
  QUIVER_TRY(const StsGrid grid, sts_grid(model, {pairs.left, pairs.right, pairs.scores}, grid_options, run));

  std::vector<std::string> heads{"layers"};
  for (const std::size_t dims : grid.dims) heads.push_back(fmt::format("{} dims", dims));
  heads.emplace_back("a sentence");
  Table table(std::move(heads));
  Json rows = Json::array();
  for (std::size_t n = 0; n < grid.layers.size(); ++n) {
    std::vector<std::string> cells{grid.layers[n] == 0 ? "all" : std::to_string(grid.layers[n])};
    for (const double cell : grid.spearman[n]) cells.push_back(fmt::format("{:.4f}", cell));
    cells.push_back(human_seconds(grid.seconds[n]));
    table.add(std::move(cells));
    rows.push_back({{"layers", grid.layers[n]}, {"spearman", grid.spearman[n]}, {"seconds", grid.seconds[n]}});
  }
  return Answer{{{"model", model.id()},
                 {"pairs", pairs.size()},
                 {"dims", grid.dims},
                 {"rows", std::move(rows)},
                 {"mean", grid.mean()}},
                fmt::format("Spearman's correlation of cosines and scores, {} pairs\n{}mean {:.4f}\n", pairs.size(),
                            table.text(), grid.mean())};
}

}  // namespace

Verb inspect_layers_verb() {
  return make_verb<LayersFlags>(
      {.name = "inspect matryoshka2d",
       .summary = "show how good a model's sentence vectors are after each layer and at each length",
       .details =
           "Cosines of both sentences of each pair are ranked against the scores people gave. Layers need a model "
           "with exits; lengths may be any, trained for or not. `quiver convert` writes the smaller model of a "
           "cell.",
       .positional = {"model"},
       .required = {"model", "sts"},
       .examples = {{"quiver inspect matryoshka2d sentences.qvm --sts 'test.csv?header=false'", "all of its exits"},
                    {"quiver inspect matryoshka2d sentences.qvm --sts pairs.csv --layers 3,6 --dims 64", "two cells"}}},
      run_layers);
}

}  // namespace quiver::cli
