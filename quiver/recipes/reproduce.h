// reproduce: runs a recipe's reproduction over the seeds of its page, judges the bars, writes the result table.
//
//   QUIVER_TRY(RecipePage page, open_page("docs/recipes", "pca-projection"));
//   QUIVER_TRY(Reproduction done, reproduce(*recipe, page, {}, run));
//   if (done.verdict == Verdict::Pass) ...          // docs/results/pca-projection.{json,md} are written
//
// A finished seed is written at once to <cache>/reproduce/<slug>/, keyed by options, build (digest of the program),
// data (digest) and seed, so an interrupted reproduction goes on where it stopped. Missing data is Skipped, out of the
// page's minutes Incomplete; neither passes, and Skipped leaves earlier results alone. Within a seed, a recipe keeps
// its arms the same way (arms.h). Quick: one seed, with the recipe's option `quick` on if it has one. Thread-safety:
// one reproduction per slug and results folder at a time. Cost: the recipe's.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/options.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/recipes/page.h"
#include "quiver/recipes/recipe.h"

namespace quiver {

struct ReproduceOptions {
  Settings settings{};                             // of the recipe; bars hold for its defaults, so results say them
  unsigned seeds = 0;                              // 0: as the page says
  bool quick = false;                              // one seed, nothing written to `results`
  bool fresh = false;                              // run finished seeds again
  std::filesystem::path results = "docs/results";  // empty: write no table
  std::filesystem::path cache{};                   // empty: Run::default_cache()
  Progress progress = Progress::None;
};

struct Reproduction {
  Verdict verdict = Verdict::Incomplete;
  std::string why;  // of Skipped and Incomplete
  std::vector<SeedMeasured> seeds;
  std::vector<Judged> judged;  // per bar of the page
  Json json;                   // what <slug>.json holds
  std::string markdown;        // what <slug>.md holds
};
Result<Reproduction> reproduce(const Recipe& recipe, const RecipePage& page, const ReproduceOptions& options, Run& run);

}  // namespace quiver
