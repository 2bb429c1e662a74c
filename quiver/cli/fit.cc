// quiver fit: a recipe learns a model from data.
#include <fmt/format.h>

#include <algorithm>

#include "quiver/cli/inputs.h"
#include "quiver/cli/show.h"
#include "quiver/cli/verbs.h"
#include "quiver/recipes/registry.h"

namespace quiver::cli {
namespace {

struct FitFlags {
  std::string recipe, data, model, out;
  template <class V>
  void visit(V& v) {
    v("recipe", recipe, "what to fit, as `quiver recipes` lists it; its own options follow as flags");
    v("data", data, "a data set, or ROLE=SPEC; give it once for each role (without a role: train)");
    v("model", model, "ROLE=FILE: a model the recipe builds on; once for each role");
    v("out", out, "the model file, .qvm");
  }
};

constexpr std::size_t kRowsShown = 20;  // of each table of the report

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Result<Inputs> open_inputs(const FitFlags& options, const RecipeCard& card) {
  Inputs inputs;
  for (const std::string& text : lines_of(options.data)) {
    const Named set = named(text, "train");
    QUIVER_TRY(Dataset data, Dataset::open(set.value).within(fmt::format("--data {}", text)));
    inputs.data.emplace(set.role, std::move(data));
  }
  for (const std::string& text : lines_of(options.model)) {
    const Named file = named(text, card.needs.size() == 1 ? card.needs[0].role : "");
    if (file.role.empty())
      return Error::invalid_argument(fmt::format("--model {}: say for which role, as in old={}", text, text));
    QUIVER_TRY(Model model, Model::open(file.value).within(fmt::format("--model {}", text)));
    inputs.models.emplace(file.role, std::move(model));
  }
  return inputs;
}

std::vector<OptionSpec> own_options() { return describe<FitFlags>(); }

// The verb's options and behind them those of the recipe that `first` names.
Result<std::vector<OptionSpec>> all_options(std::string_view first) {
  std::vector<OptionSpec> options = own_options();
  if (first.empty()) return options;
  QUIVER_TRY(const Recipe* recipe, find_recipe(first));
  for (OptionSpec& spec : recipe->options()) options.push_back(std::move(spec));
  return options;
}

Result<Answer> run_fit(const Settings& settings, Run& run) {
  Settings own, rest;
  const auto mine = own_options();
  for (const auto& [name, value] : settings.values()) {
    (std::ranges::find(mine, name, &OptionSpec::name) != mine.end() ? own : rest).set(name, value);
  }
  FitFlags options;
  QUIVER_TRY(apply(options, own));
  QUIVER_TRY(const Recipe* recipe, find_recipe(options.recipe));
  QUIVER_TRY(auto complete, recipe->complete(rest));
  if (options.out.empty() && !recipe->card().gives.empty()) {
    return Error::invalid_argument(
        fmt::format("{} makes a model; say where it goes with --out FILE.qvm", options.recipe));
  }
  if (!options.out.empty()) {
    QUIVER_TRY(check_writable(options.out));
  }
  QUIVER_TRY(Inputs inputs, open_inputs(options, recipe->card()));
  QUIVER_TRY(Fitted fitted, recipe->fit(inputs, rest, run).within(fmt::format("fitting {}", options.recipe)));

  Json json{{"recipe", options.recipe}, {"options", std::move(complete)}};
  std::string text;
  if (fitted.model && !options.out.empty()) {
    QUIVER_TRY(fitted.model->save(options.out));
    QUIVER_TRY(std::string card, card_text(fitted.model->card()));
    QUIVER_TRY(json["card"], parse_json(fitted.model->card().to_json()));
    json["out"] = options.out;
    json["id"] = fitted.model->id();
    text += fmt::format("{}: {}\n{}", options.out, fitted.model->id(), card);
  }
  Json tables = Json::object();
  for (const auto& [name, items] : fitted.report.tables) {
    QUIVER_TRY(std::string table, items_text(items, kRowsShown));
    QUIVER_TRY(tables[name], items_json(items, items.size()));
    text += fmt::format("\n{}\n{}", name, table);
  }
  json["tables"] = std::move(tables);
  json["warnings"] = fitted.report.warnings;
  for (const std::string& warning : fitted.report.warnings) run.log("warning: " + warning);
  if (json.contains("out")) {
    const bool maps =
        std::ranges::any_of(fitted.model->ports(), [](const Port& port) { return port.ability == Ability::Map; });
    text += fmt::format("\nNext: quiver {} --model {} --{} FILE --out vectors.qvr\n", maps ? "map" : "encode",
                        options.out, maps ? "vectors" : "data");
  }
  return Answer{std::move(json), std::move(text)};
}

}  // namespace

Verb fit_verb() {
  return {{.name = "fit",
           .summary = "learn a model from data by a recipe",
           .details = "Each recipe is one method of one paper. `quiver help fit RECIPE` shows its options, `quiver "
                      "recipes RECIPE` its "
                      "card. The model file's card keeps recipe, options, seed, data and licence.",
           .positional = {"recipe"},
           .required = {"recipe"},
           .repeated = {"data", "model"},
           .examples = {{"quiver fit pca-projection --data base.fvecs --dims 64 --out pca.qvm", "shorter vectors"},
                        {"quiver fit wordnet-encoder --data wordnet:/usr/share/wordnet --out words.qvm",
                         "a text encoder (needs torch)"}}},
          all_options,
          run_fit};
}

}  // namespace quiver::cli
