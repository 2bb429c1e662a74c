// quiver import: a folder of a published text encoder becomes a model.
#include "quiver/model/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/verbs.h"
#include "quiver/model/transformer.h"

namespace quiver::cli {
namespace {

struct ImportFlags {
  std::string folder, out, name, column = "text", licence;
  template <class V>
  void visit(V& v) {
    v("folder", folder, "the folder: config.json, model.safetensors, tokenizer.json, and modules.json if it has one");
    v("out", out, "where the model goes: a .qvm file");
    v("name", name, "what its card calls it; empty: the folder's name");
    v("column", column, "the column of text that it will read");
    v("licence", licence, "the licence of the weights; empty: what the folder's README.md says");
  }
};

Result<Answer> run_import(const ImportFlags& options, Run&) {
  QUIVER_TRY(check_writable(options.out));
  QUIVER_TRY(
      const Imported imported,
      import_folder(options.folder, {.column = options.column, .licence = options.licence, .name = options.name}));
  const Model& model = imported.model;
  QUIVER_TRY(model.save(options.out));
  QUIVER_TRY(const TransformerBodyConfig config, TransformerBodyConfig::parse(model.config()));
  QUIVER_TRY(const Json card, parse_json(model.card().options));
  const std::string type = card.value("model_type", "");
  std::string text =
      fmt::format("{}: {}\n  {} of {} layers, {} numbers a vector, {} tokens a text at most\n", options.out, model.id(),
                  type, config.stack.layers, model.ports()[0].space.dims, config.stack.context);
  Json ports = Json::array();
  for (const Port& port : model.ports()) {
    const std::string& prefix = config.ports.find(port.name)->second.prefix;
    ports.push_back({{"name", port.name}, {"role", port.role}, {"prefix", prefix}});
    if (!prefix.empty()) text += fmt::format("  role {}: \"{}\" is put before a text\n", port.role, prefix);
  }
  for (const std::string& note : imported.notes) text += fmt::format("  {}\n", note);
  text += fmt::format("Next: quiver encode --model {} --data FILE --out vectors.qvr\n", options.out);
  return Answer{{{"out", options.out},
                 {"id", model.id()},
                 {"model_type", type},
                 {"layers", config.stack.layers},
                 {"dims", model.ports()[0].space.dims},
                 {"longest", config.stack.context},
                 {"ports", std::move(ports)},
                 {"licence", model.card().data_licence},
                 {"notes", imported.notes}},
                std::move(text)};
}

}  // namespace

Verb import_verb() {
  return make_verb<ImportFlags>(
      {.name = "import",
       .summary = "turn a folder of a published text encoder into a model",
       .details =
           "Read are BERT, RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT and MPNet with their tokenizer.json, and what a "
           "sentence-transformers folder adds: pooling, dense layers, unit length, prompts for queries and documents. "
           "The vectors are those of the libraries that wrote the folder, to 1e-4 and better.\n\n"
           "Pickled weights (pytorch_model.bin), ONNX and GGUF are not read.",
       .positional = {"folder"},
       .required = {"folder", "out"},
       .examples = {{"quiver import all-MiniLM-L6-v2 --out minilm.qvm", "then `quiver encode --model minilm.qvm`"}}},
      run_import);
}

}  // namespace quiver::cli
