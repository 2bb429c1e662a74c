// $paper. $claim.
// >>> The equations in the paper's own letters, with the shape of every tensor: (batch, dim).
// >>> Defaults follow the paper; name here what a short version would leave out.
#include "quiver/recipes/recipe.h"

namespace quiver::recipes::$name {
namespace {

// >>> What it reads (columns of the training set) and gives (Encode, Map, ...); `needs` names models it takes.
const RecipeCard kCard{.slug = "$slug",
                       .paper = "$paper",
                       .arxiv = "$arxiv",
                       .claim = "$claim",
                       .stage = Stage::$stage,
                       .reads = {{.name = "text"}},
                       .gives = {Ability::Encode},
                       .needs = {}};

struct Options {
  int dims = 256;
  template <class V>
  void visit(V& v) {
    v("dims", dims, "length of the vectors", 1, 4096);
  }
};

Result<Fitted> fit(const Options&, const Inputs& in, Run&) {
  QUIVER_TRY(const Dataset* train, data_of(in, "train"));
  static_cast<void>(train);
  // >>> Only what is peculiar to the paper; blocks come from learn, compress and index. Return the model and a report.
  return Error::unsupported("fitting $slug: its method is not written yet; see quiver recipes for those that are");
}

Result<std::vector<Measured>> reproduce(const Options&, Run&) {
  // >>> One seed: every arm alike, the method beside its baselines and ablations: {"$slug", "mrr@10", value}.
  return Error::unsupported("reproducing $slug: its method is not written yet");
}

}  // namespace
}  // namespace quiver::recipes::$name
QUIVER_RECIPE($name)
