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
    v("recipe", recipe, "the recipe, as `quiver recipes` lists it");
    v("seeds", seeds, "how many seeds; 0: as its page says", 0, 1000);
    v("quick", quick, "one seed, and no result table is written");
    v("fresh", fresh, "run seeds again that are finished already");
    v("options", options, "of the recipe: dims=64,epochs=2; the page's bars hold for its defaults");
    v("pages", pages, "the folder of the recipes' pages");
    v("results", results, "the folder of the result tables; empty: write none");
  }
};

Result<Answer> run_reproduce(const ReproduceFlags& options, Run& run) {
  QUIVER_TRY(const Recipe* recipe, find_recipe(options.recipe));
  ReproduceOptions how;
  QUIVER_TRY(how.settings, Settings::parse(options.options).within("--options"));
  QUIVER_TRY(RecipePage page, open_page(options.pages, options.recipe));
  how.seeds = options.seeds;
  how.quick = options.quick;
  how.fresh = options.fresh;
  how.results = options.results;
  how.progress = run.progress();
  QUIVER_TRY(Reproduction done, reproduce(*recipe, page, how, run));
  if (done.verdict == Verdict::Pass) return Answer{std::move(done.json), std::move(done.markdown)};
  const std::string why = done.why.empty() ? "" : ": " + done.why;
  const std::string message = fmt::format("{} {}{}\n{}", options.recipe, name_of(done.verdict), why, done.markdown);
  return Error::failed_precondition(message);
}

}  // namespace

Verb reproduce_verb() {
  return make_verb<ReproduceFlags>(
      {.name = "reproduce",
       .summary = "run a recipe's measurements and judge them by its page's bars",
       .details = "Finished seeds are kept, so an interrupted reproduction goes on where it stopped. Only a "
                  "recipe whose bars all pass ends with exit status 0; data that is not there makes it "
                  "skipped, a page's minutes that run out incomplete.",
       .positional = {"recipe"},
       .required = {"recipe"},
       .examples = {{"quiver reproduce pca-projection", "all seeds of its page"},
                    {"quiver reproduce wordnet-encoder --quick", "one seed"}}},
      run_reproduce);
}

}  // namespace quiver::cli
