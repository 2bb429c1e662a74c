// quiver reproduce: run a recipe's measurements over its page's seeds and judge them by the page's bars.
#include "quiver/recipes/reproduce.h"

#include <fmt/format.h>

#include "quiver/cli/verbs.h"
#include "quiver/recipes/registry.h"

namespace quiver::cli {
namespace {

struct ReproduceFlags {
  std::string recipe, pages = "docs/recipes", results = "docs/results", options;
  unsigned seeds = 0;
  bool quick = false, fresh = false;
  template <class V>
  void visit(V& v) {
    v("recipe", recipe, "the recipe, as `quiver recipes` lists it, or a paper of several");
    v("seeds", seeds, "how many seeds; 0: as its page says", 0, 1000);
    v("quick", quick, "one seed on little data to see that all runs: bars are shown, no result table is written");
    v("fresh", fresh, "run seeds again that are finished already");
    v("options", options, "of the recipe: dims=64,epochs=2; the page's bars hold for its defaults");
    v("pages", pages, "the folder of the recipes' pages");
    v("results", results, "the folder of the result tables; empty: write none");
  }
};

// Whether the command succeeds. Quick numbers are there to show that everything runs; bars are for whole runs.
bool good(const Reproduction& done, bool quick) {
  return done.verdict == Verdict::Pass || (quick && done.verdict == Verdict::Miss);
}

Result<Answer> run_reproduce(const ReproduceFlags& options, Run& run) {
  QUIVER_TRY(const std::vector<const Recipe*> recipes, find_recipes(options.recipe));
  ReproduceOptions how;
  QUIVER_TRY(how.settings, Settings::parse(options.options).within("--options"));
  how.seeds = options.seeds;
  how.quick = options.quick;
  how.fresh = options.fresh;
  how.results = options.results;
  how.progress = run.progress();
  Answer answer;
  std::vector<Json> parts;
  std::string failed;
  for (const Recipe* recipe : recipes) {
    QUIVER_TRY(const RecipePage page, open_page(options.pages, recipe->card().slug));
    QUIVER_TRY(Reproduction done, reproduce(*recipe, page, how, run));
    if (!good(done, options.quick)) {
      failed += fmt::format("{}{} {}{}", failed.empty() ? "" : "; ", recipe->card().slug, name_of(done.verdict),
                            done.why.empty() ? "" : ": " + done.why);
    }
    answer.text += done.markdown;
    parts.push_back(std::move(done.json));
  }
  if (!failed.empty()) return Error::failed_precondition(fmt::format("{}\n{}", failed, answer.text));
  answer.json = parts.size() == 1 ? std::move(parts.front()) : Json(std::move(parts));
  return answer;
}

}  // namespace

Verb reproduce_verb() {
  return make_verb<ReproduceFlags>(
      {.name = "reproduce",
       .summary = "run a recipe's measurements and judge them by its page's bars",
       .details = "Finished seeds and arms are kept, so an interrupted reproduction goes on where it stopped. Only a "
                  "recipe whose bars all pass ends with exit status 0, or a quick run that measured all of them; "
                  "data that is not there makes it skipped, a page's minutes that run out incomplete.",
       .positional = {"recipe"},
       .required = {"recipe"},
       .examples = {{"quiver reproduce pca-projection", "all seeds of its page"},
                    {"quiver reproduce wordnet-encoder --quick", "one seed"}}},
      run_reproduce);
}

}  // namespace quiver::cli
