#include "quiver/recipes/listing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "quiver/recipes/registry.h"

namespace quiver {
namespace {
std::string abilities_of(const RecipeCard& card) {
  std::vector<std::string_view> names;
  for (const Ability ability : card.gives) names.push_back(name_of(ability));
  return names.empty() ? "report" : fmt::format("{}", fmt::join(names, ", "));
}
std::string columns_of(const RecipeCard& card) {
  std::vector<std::string> all;
  for (const Field& field : card.reads) all.push_back(describe(field));
  return fmt::format("{}", fmt::join(all, ", "));
}
std::string describe(const Need& need) {
  return fmt::format("{}{} (from {})", need.role,
                     need.many       ? ", many"
                     : need.optional ? ", optional"
                                     : "",
                     need.recipe.empty() ? "any recipe" : need.recipe);
}
}  // namespace

std::string recipes_text() {
  std::size_t width = 0;
  for (const Recipe* recipe : all_recipes()) width = std::max(width, recipe->card().slug.size());
  std::string text;
  for (const Stage stage : {Stage::Learn, Stage::Compress, Stage::Align, Stage::Search, Stage::Inspect, Stage::Base}) {
    for (const Recipe* recipe : all_recipes()) {
      const RecipeCard& card = recipe->card();
      if (card.stage == stage) text += fmt::format("{:<{}}  {:<8}  {}\n", card.slug, width, name_of(stage), card.claim);
    }
  }
  for (const std::string_view slug : absent_recipes())
    text += fmt::format("{:<{}}  {:<8}  needs a build with training\n", slug, width, "-");
  return text;
}

Json recipe_json(const Recipe& recipe) {
  const RecipeCard& card = recipe.card();
  Json reads = Json::array(), gives = Json::array(), needs = Json::array(), options = Json::array();
  for (const Field& field : card.reads) {
    reads.push_back({{"name", field.name},
                     {"modality", std::string(name_of(field.modality))},
                     {"many", field.many},
                     {"optional", field.optional}});
  }
  for (const Ability ability : card.gives) gives.push_back(std::string(name_of(ability)));
  for (const Need& need : card.needs) {
    needs.push_back({{"role", need.role}, {"recipe", need.recipe}, {"many", need.many}, {"optional", need.optional}});
  }
  for (const OptionSpec& option : recipe.options()) {
    options.push_back({{"name", option.name},
                       {"type", option.type},
                       {"default", option.fallback},
                       {"range", option.range_text()},
                       {"help", option.help}});
  }
  return {{"slug", card.slug},
          {"stage", std::string(name_of(card.stage))},
          {"claim", card.claim},
          {"paper", card.paper},
          {"arxiv", card.arxiv},
          {"reads", std::move(reads)},
          {"gives", std::move(gives)},
          {"needs", std::move(needs)},
          {"options", std::move(options)}};
}

Json recipes_json() {
  Json all = Json::array();
  for (const Recipe* recipe : all_recipes()) all.push_back(recipe_json(*recipe));
  return all;
}

std::string recipe_text(const Recipe& recipe) {
  const RecipeCard& card = recipe.card();
  std::string text = fmt::format("{} ({}): {}\n", card.slug, name_of(card.stage), card.claim);
  if (!card.paper.empty())
    text +=
        fmt::format("  paper  {}{}\n", card.paper, card.arxiv.empty() ? "" : fmt::format(" (arXiv:{})", card.arxiv));
  if (!card.reads.empty()) text += fmt::format("  reads  {}\n", columns_of(card));
  text += fmt::format("  gives  {}\n", abilities_of(card));
  for (const Need& need : card.needs) text += fmt::format("  needs  {}\n", describe(need));
  const std::vector<OptionSpec> options = recipe.options();
  std::size_t width = 0;
  for (const OptionSpec& option : options) width = std::max(width, option.name.size());
  if (!options.empty()) text += "\nOptions\n";
  for (const OptionSpec& option : options) {
    const std::string range = option.range_text();
    text += fmt::format("  --{:<{}}  {}{} (default {})\n", option.name, width, option.help,
                        range.empty() ? "" : ", " + range, option.fallback.empty() ? "none" : option.fallback);
  }
  return text;
}

}  // namespace quiver
