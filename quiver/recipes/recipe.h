// Recipe: one method of one paper, or one trained helper: a card, options, fit, and a reproduction that measures every
// arm alike. A recipe is one file; its last line registers it, and CMake finds the file by its folder.
//
//   namespace quiver::recipes::pca_projection {
//   namespace {
//   const RecipeCard kCard{.slug = "pca-projection", .claim = "...", .stage = Stage::Base, .gives = {Ability::Map}};
//   struct Options { int dims = 64; template <class V> void visit(V& v) { v("dims", dims, "length", 1, 4096); } };
//   Result<Fitted> fit(const Options& options, const Inputs& in, Run& run);
//   Result<std::vector<Measured>> reproduce(const Options& options, Run& run);      // one seed: run.seed()
//   }
//   }
//   QUIVER_RECIPE(pca_projection)
//
// Bars live in docs/recipes/<slug>.md (bars.h), never here: code cannot lower its own bar. The driver (reproduce.h)
// runs the seeds. Thread-safety: recipes are stateless; fit and reproduce may run at once with a Run each.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/options.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/dataset.h"
#include "quiver/data/items.h"
#include "quiver/model/model.h"

namespace quiver {

// Where in the story a recipe stands. Base: a trained helper that recipes share, no paper of its own.
enum class Stage : std::uint8_t { Base, Learn, Compress, Align, Search, Inspect };
std::string_view name_of(Stage stage) noexcept;

struct Need {  // a model the recipe takes: "old" from any recipe; "tokens" from jacolbert
  std::string_view role{}, recipe{};
  bool many = false, optional = false;
};
struct RecipeCard {
  std::string_view slug{}, paper{}, arxiv{}, claim{};
  Stage stage = Stage::Learn;
  std::vector<Field> reads{};
  std::vector<Ability> gives{};
  std::vector<Need> needs{};
};

struct Inputs {  // by role: train, queries; old, teacher
  std::multimap<std::string, Dataset, std::less<>> data;
  std::multimap<std::string, Model, std::less<>> models;
};
// The data set of a role; the Error says which roles were given and how to give this one.
Result<const Dataset*> data_of(const Inputs& inputs, std::string_view role);
Result<const Model*> model_of(const Inputs& inputs, std::string_view role);

// The beginning of a fitted model's card: recipe, options, seed, data with its digest and licence notice.
Result<Card> card_for(const RecipeCard& recipe, const Json& options, const Dataset& data, const Run& run);

struct Report {
  std::map<std::string, Items> tables;
  std::vector<std::string> warnings;
};
struct Fitted {
  std::optional<Model> model{};  // only if one is made
  Report report{};
};
// One number of one seed; the method, its baselines and ablations are arms. A metric with an interval is three of them:
// "mrr@10", "mrr@10.low", "mrr@10.high". A paired difference over the items of one seed is an arm named "a - b".
struct Measured {
  std::string arm{}, metric{};
  double value = 0;
  bool operator==(const Measured&) const = default;
};

class Recipe {
 public:
  virtual ~Recipe() = default;
  virtual const RecipeCard& card() const noexcept = 0;
  virtual std::vector<OptionSpec> options() const = 0;
  // The settings checked and completed: every option with its value. What caches and cards are keyed by.
  virtual Result<Json> complete(const Settings& settings) const = 0;
  virtual Result<Fitted> fit(const Inputs& inputs, const Settings& settings, Run& run) const = 0;
  virtual Result<std::vector<Measured>> reproduce(const Settings& settings, Run& run) const = 0;
};

namespace internal {
template <class Options>
class RecipeOf final : public Recipe {
 public:
  using Fit = Result<Fitted> (*)(const Options&, const Inputs&, Run&);
  using Reproduce = Result<std::vector<Measured>> (*)(const Options&, Run&);
  RecipeOf(const RecipeCard& card, Fit fits, Reproduce reproduces) : card_(card), fit_(fits), reproduce_(reproduces) {}
  const RecipeCard& card() const noexcept override { return card_; }
  std::vector<OptionSpec> options() const override { return describe<Options>(); }
  Result<Json> complete(const Settings& settings) const override {
    Options options;
    QUIVER_TRY(apply(options, settings));
    return to_json(options);
  }
  Result<Fitted> fit(const Inputs& inputs, const Settings& settings, Run& run) const override {
    Options options;
    QUIVER_TRY(apply(options, settings));
    return fit_(options, inputs, run);
  }
  Result<std::vector<Measured>> reproduce(const Settings& settings, Run& run) const override {
    Options options;
    QUIVER_TRY(apply(options, settings));
    return reproduce_(options, run);
  }

 private:
  const RecipeCard& card_;
  Fit fit_;
  Reproduce reproduce_;
};
template <class Options>
std::unique_ptr<Recipe> recipe_of(const RecipeCard& card, Result<Fitted> (*fit)(const Options&, const Inputs&, Run&),
                                  Result<std::vector<Measured>> (*reproduce)(const Options&, Run&)) {
  return std::make_unique<RecipeOf<Options>>(card, fit, reproduce);
}
}  // namespace internal

}  // namespace quiver

// Last line of a recipe's file: wraps quiver::recipes::NAME::{kCard, Options, fit, reproduce}. The generated registry
// calls make_NAME(); a recipe file that forgets this line does not link.
#define QUIVER_RECIPE(name)                                                             \
  namespace quiver::recipes {                                                           \
  std::unique_ptr<Recipe> make_##name();                                                \
  std::unique_ptr<Recipe> make_##name() {                                               \
    return internal::recipe_of<name::Options>(name::kCard, name::fit, name::reproduce); \
  }                                                                                     \
  }
