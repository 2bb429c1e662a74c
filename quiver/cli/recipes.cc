// quiver recipes: the methods this build can fit and reproduce.
#include "quiver/cli/verbs.h"
#include "quiver/recipes/listing.h"
#include "quiver/recipes/registry.h"

namespace quiver::cli {
namespace {

struct RecipesFlags {
  std::string recipe;
  template <class V>
  void visit(V& v) {
    v("recipe", recipe, "one recipe, shown with its card and options; empty: all of them");
  }
};

Result<Answer> run_recipes(const RecipesFlags& options, Run&) {
  if (options.recipe.empty()) return Answer{recipes_json(), recipes_text()};
  QUIVER_TRY(const Recipe* recipe, find_recipe(options.recipe));
  return Answer{recipe_json(*recipe), recipe_text(*recipe)};
}

}  // namespace

Verb recipes_verb() {
  return make_verb<RecipesFlags>(
      {.name = "recipes",
       .summary = "list the recipes, or show the card of one",
       .positional = {"recipe"},
       .examples = {{"quiver recipes", "one line a recipe"},
                    {"quiver recipes pca-projection", "what it reads and gives, its options"}}},
      run_recipes);
}

}  // namespace quiver::cli
