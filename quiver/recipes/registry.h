// Registry: every recipe of this build. The folder is the list: CMake writes a table of factories from the files of
// recipes/ and recipes/bases/ that end with QUIVER_RECIPE(name); no file is edited, no static object registers itself.
//
//   QUIVER_TRY(const Recipe* recipe, find_recipe("pca-projection"));
//   for (const Recipe* each : all_recipes()) use(each->card());
//
// Thread-safety: the recipes are made once, at the first call, and never change.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/recipes/recipe.h"

namespace quiver {

std::span<const Recipe* const> all_recipes();  // by slug
// Errors: Unsupported for a recipe that needs a build with training, NotFound with the nearest name for any other.
Result<const Recipe*> find_recipe(std::string_view slug);
// The recipe of this name, or every part of a paper of this name: "word-doc-embeddings" has the parts
// "word-doc-embeddings-words", ... Errors as find_recipe.
Result<std::vector<const Recipe*>> find_recipes(std::string_view slug);
// Slugs whose files this build leaves out because it has no training.
std::span<const std::string_view> absent_recipes() noexcept;

namespace internal {
struct RecipeEntry {
  std::string_view name;  // as in QUIVER_RECIPE(name)
  std::unique_ptr<Recipe> (*make)();
};
std::span<const RecipeEntry> recipe_table() noexcept;  // generated
}  // namespace internal

}  // namespace quiver
