#include "quiver/recipes/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace quiver {
namespace {
struct All {
  std::vector<std::unique_ptr<Recipe>> owners;
  std::vector<const Recipe*> recipes;  // by slug
  All() {
    for (const internal::RecipeEntry& entry : internal::recipe_table()) {
      owners.push_back(entry.make());
      recipes.push_back(owners.back().get());
      std::string slug(entry.name);
      std::replace(slug.begin(), slug.end(), '_', '-');
      QUIVER_CHECK(recipes.back()->card().slug == slug);  // the public name is the file's, with '-' for '_'
    }
    std::sort(recipes.begin(), recipes.end(),
              [](const Recipe* a, const Recipe* b) { return a->card().slug < b->card().slug; });
  }
};
const All& all() {
  static const All made;
  return made;
}
}  // namespace

std::span<const Recipe* const> all_recipes() { return all().recipes; }

Result<const Recipe*> find_recipe(std::string_view slug) {
  std::vector<std::string> known;
  for (const Recipe* recipe : all_recipes()) {
    if (recipe->card().slug == slug) return recipe;
    known.emplace_back(recipe->card().slug);
  }
  const auto absent = absent_recipes();
  if (std::find(absent.begin(), absent.end(), slug) != absent.end()) {
    return Error::unsupported(fmt::format(
        "recipe '{}' trains and this build cannot; configure with -DQUIVER_LEARN=ON (needs libtorch)", slug));
  }
  const std::string near = did_you_mean(slug, known);
  return Error::not_found(fmt::format("no recipe is named '{}'{}; `quiver recipes` lists all: {}", slug,
                                      near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                      fmt::join(known, ", ")));
}

Result<std::vector<const Recipe*>> find_recipes(std::string_view slug) {
  auto one = find_recipe(slug);
  if (one.has_value()) return std::vector<const Recipe*>{*one};
  std::vector<const Recipe*> parts;
  for (const Recipe* recipe : all_recipes()) {
    const std::string_view whole = recipe->card().slug;
    if (whole.size() > slug.size() && whole.starts_with(slug) && whole[slug.size()] == '-') parts.push_back(recipe);
  }
  // One recipe that merely begins alike is no paper of parts: "hnsw" is a slip for "hnsw-recall".
  if (parts.size() < 2) return std::move(one).error();
  return parts;
}

}  // namespace quiver
