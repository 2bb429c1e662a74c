// The demo's story in four parts: demo.cc makes the artefacts (or keeps valid ones), demo_measure.cc measures them into
// one JSON document, demo_text.cc prints that document, demo_report.cc draws it as a page.
//
//   demo-out/model.qvm     the trained encoder; valid for its corpus, seed, options and version (its card says them)
//   demo-out/vectors.qvr   every entry's vector; valid for its model (the space's id is the model's)
//   demo-out/index.qvi     a graph over them with 8-bit codes; valid for its model and spec
//   demo-out/demo.json     what was measured; valid for its model, index and arm
//   demo-out/report.html   the document as a page with a map
//   demo-out/steps.json    the seconds each of these took to make
//
// Every file is written whole or not at all, so a run that was interrupted leaves the finished ones, and the next run
// goes on behind them and says so.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/dataset.h"
#include "quiver/index/index.h"
#include "quiver/model/model.h"
#include "quiver/recipes/wordnet_task.h"

namespace quiver::cli::demo {

inline constexpr std::string_view kIndexSpec = "graph + rerank(lvq(8))";
inline constexpr std::string_view kCodesSpec = "flat + lvq(8)";  // measured beside it: every row compared
inline constexpr float kRecall = 0.99F;                          // what searches ask of the index
inline constexpr std::string_view kSamplesBy = "fused";          // the arm that answers the sample queries

struct Options {
  std::string out = "demo-out", corpus = "/usr/share/wordnet";
  bool quick = false;
  template <class V>
  void visit(V& v) {
    v("out", out, "the folder for model, vectors, index and report");
    v("corpus", corpus, "the folder of WordNet 3.0 (data.noun, data.verb, data.adj, data.adv)");
    v("quick", quick, "train for seconds instead of minutes: same steps, lower numbers");
  }
};

// What the first half of the demo leaves in memory for the second.
struct Artefacts {
  Dataset corpus;
  recipes::WordnetTask task;
  std::optional<Model> model;  // empty only while it is being made
  Rows vectors;
  std::unique_ptr<Index> index;
  std::filesystem::path folder;
};

// The document: "corpus", "model", "task", "threads", "encoding", "compression", "graph", "samples", "command". Reads
// nothing from disk.
Result<Json> measure(const Artefacts& made, const Options& options, Run& run);

std::string text_of(const Json& document);
std::string chosen_text(const Json& task);  // what was tuned on the validation side
Result<void> write_report(const Json& document, const Artefacts& made, Run& run);

}  // namespace quiver::cli::demo
