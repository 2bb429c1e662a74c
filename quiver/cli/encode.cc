// quiver encode: items become vectors through a model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/progress.h"
#include "quiver/data/dataset.h"
#include "quiver/data/read_vectors.h"
#include "quiver/inspect/prefix_quality.h"
#include "quiver/model/model.h"
#include "quiver/model/transformer.h"

namespace quiver::cli {
namespace {

struct EncodeFlags {
  std::string model, data, role = "item", port, out;
  std::vector<std::string> columns;
  std::size_t dims = 0;
  std::uint32_t layers = 0;
  template <class V>
  void visit(V& v) {
    v("model", model, "the model file");
    v("data", data, "the data set: a file or a spec such as wordnet:/usr/share/wordnet?split=test");
    v("columns", columns, "columns the model reads; empty: those one of its ports asks for");
    v("role", role, "what the items are: item (searched) or query (searching)");
    v("port", port, "the port of the model by name; empty: the one that fits");
    v("dims", dims, "keep this many coordinates, best a prefix length the port lists; 0: all", 0, 1 << 20);
    v("layers", layers, "stop after this many layers, where the port has exits; 0: all", 0, 1 << 20);
    v("out", out, "where the vectors go: .qvr, .npy or .fvecs");
  }
};

// What texts lost because they were longer than a transformer's context.
struct Cut {
  std::size_t texts = 0, tokens = 0;
};
Result<Cut> count_cut(const Encoded& encoded) {
  Cut cut;
  if (!encoded.side.has(kDroppedColumn)) return cut;
  QUIVER_TRY(const auto dropped, encoded.side.numbers(kDroppedColumn));
  for (const double tokens : dropped) {
    cut.texts += tokens > 0 ? 1 : 0;
    cut.tokens += static_cast<std::size_t>(tokens);
  }
  return cut;
}

constexpr std::uint32_t kAskedAboutCut = 300;  // rows

// Cuts vectors of a model that was not trained for this length, which is the user's wish but worth a warning: of the
// cut vectors' nearest others, the part that is nearest by the whole too. Nothing where there is too little to compare.
struct UntrainedCut {
  Rows rows;
  std::optional<double> agreement;
};
Result<UntrainedCut> cut_untrained(const Rows& whole, std::size_t dims, Run& run) {
  UntrainedCut cut;
  const auto report = prefix_quality(whole, {}, {.dims = {dims}, .k = 1, .sample = kAskedAboutCut}, run);
  if (report.has_value()) {
    cut.agreement = report->lengths[0].agreement.mean;
  } else if (report.error().code() == Code::Cancelled) {
    return report.error();
  }
  QUIVER_TRY(cut.rows, cut_rows(whole, prefix_space(whole.space(), dims)));
  return cut;
}

Result<Answer> run_encode(const EncodeFlags& options, Run& run) {
  QUIVER_TRY(check_writable(options.out));
  QUIVER_TRY(Model model, Model::open(options.model));
  QUIVER_TRY(Dataset data, Dataset::open(options.data));
  Items items = data.items();
  if (!options.columns.empty()) {
    const std::vector<std::string_view> columns(options.columns.begin(), options.columns.end());
    QUIVER_TRY(items, items.select(columns).within(options.data));
  }
  ApplyOptions apply{.port = options.port, .role = options.role, .dims = options.dims, .layers = options.layers};
  QUIVER_TRY(const Port* port, choose_port(model.ports(), Ability::Encode, items.fields(), apply)
                                   .within(fmt::format("encoding {}", options.data)));
  const bool untrained = port->form == Form::Dense && options.dims > 0 && options.dims < port->space.dims &&
                         std::ranges::find(port->dims, options.dims) == port->dims.end();
  if (untrained) apply.dims = 0;
  QUIVER_TRY(Encoded encoded, model.encode(items, apply, run).within(fmt::format("encoding {}", options.data)));
  std::optional<double> agreement;
  if (untrained) {
    QUIVER_TRY(UntrainedCut cut, cut_untrained(encoded.rows, options.dims, run));
    encoded.rows = std::move(cut.rows);
    agreement = cut.agreement;
    run.log(fmt::format(
        "warning: the model was not trained to be cut to {} of {} dims{}{}", options.dims, port->space.dims,
        port->dims.empty() ? "" : fmt::format(", but to {}", fmt::join(port->dims, ", ")),
        agreement ? fmt::format("; measured: {:.0f} % of the nearest neighbours stay; `quiver inspect matryoshka` on "
                                "whole vectors says more",
                                100 * *agreement)
                  : ""));
  }
  QUIVER_TRY(write_vectors(options.out, encoded.rows));
  QUIVER_TRY(const Cut cut, count_cut(encoded));
  if (cut.texts > 0) {
    run.log(
        fmt::format("warning: {} of {} texts were longer than the model reads; {} tokens at their ends were left out",
                    grouped(cut.texts), grouped(encoded.rows.size()), grouped(cut.tokens)));
  }
  const Space& space = encoded.rows.space();
  Json json{{"out", options.out}, {"rows", encoded.rows.size()}, {"dims", space.dims},
            {"space", space.id},  {"texts_cut", cut.texts},      {"tokens_cut", cut.tokens}};
  if (untrained) json["untrained_dims"] = true;
  if (agreement) json["nearest_kept"] = *agreement;
  return Answer{std::move(json),
                fmt::format("{}: {} vectors of {} numbers\nNext: quiver index build --vectors {} --out {}\n",
                            options.out, grouped(encoded.rows.size()), space.dims, options.out, "index.qvi")};
}

}  // namespace

Verb encode_verb() {
  return make_verb<EncodeFlags>(
      {.name = "encode",
       .summary = "turn items into vectors with a model",
       .details =
           "The port that reads the data's columns in the given role is used. The vectors know the space they live in, "
           "so that they cannot be compared with those of another model by mistake.\n\n"
           "A prefix is brought to unit length again for cosine. A length that the model was not trained for is cut "
           "all "
           "the same, with a warning that says how many nearest neighbours stay.\n\n"
           "A text longer than a transformer reads is cut, and a warning counts the texts and tokens.",
       .required = {"model", "data", "out"},
       .examples = {{"quiver encode --model words.qvm --data notes.jsonl --columns text --out notes.qvr",
                     "items to search"},
                    {"quiver encode --model words.qvm --data q.txt --role query --dims 64 --out q.npy",
                     "queries, shortened"}}},
      run_encode);
}

}  // namespace quiver::cli
