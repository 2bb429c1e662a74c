#include "quiver/recipes/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <set>

namespace quiver {
namespace {
template <class T>
Result<const T*> of_role(const std::multimap<std::string, T, std::less<>>& all, std::string_view role,
                         std::string_view what, std::string_view flag) {
  const auto found = all.find(role);
  if (found != all.end()) return &found->second;
  std::set<std::string_view> given;
  for (const auto& [name, value] : all) given.insert(name);
  return Error::invalid_argument(fmt::format("the recipe needs {} in the role '{}'; given: {}; add {} {}=PATH", what,
                                             role, given.empty() ? "none" : fmt::format("{}", fmt::join(given, ", ")),
                                             flag, role));
}
}  // namespace

std::string_view name_of(Stage stage) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"base", "learn", "compress", "align", "search", "inspect"};
  return kNames[static_cast<std::size_t>(stage)];
}

Result<const Dataset*> data_of(const Inputs& inputs, std::string_view role) {
  return of_role(inputs.data, role, "data", "--data");
}
Result<const Model*> model_of(const Inputs& inputs, std::string_view role) {
  return of_role(inputs.models, role, "a model", "--model");
}

Result<Card> card_for(const RecipeCard& recipe, const Json& options, const Dataset& data, const Run& run) {
  Card card{
      .recipe = std::string(recipe.slug), .data = data.spec(), .seed = run.seed(), .options = dump_json(options, -1)};
  QUIVER_TRY(card.data_digest, data.digest());
  card.data_licence = data.notice().empty() ? "unknown: the data names none" : data.notice();
  return card;
}

}  // namespace quiver
