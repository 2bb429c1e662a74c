// What `quiver recipes` shows: all recipes as a table, or one with its card and options.
//
//   std::string text = recipes_text();                  // one line a recipe, by stage
//   Json all = recipes_json();
//   std::string page = recipe_text(*recipe);             // card, needs, options with ranges
#pragma once
#include <string>

#include "quiver/core/json.h"
#include "quiver/recipes/recipe.h"

namespace quiver {

std::string recipes_text();
Json recipes_json();
std::string recipe_text(const Recipe& recipe);
Json recipe_json(const Recipe& recipe);

}  // namespace quiver
