// RecipePage: the front matter of docs/recipes/<slug>.md, which a reproduction obeys. The rest of the page is for
// people.
//
//   ---
//   data: mnist, wordnet:/usr/share/wordnet     names of public sets, or generator specs; "none"
//   seeds: 3                                     how often the reproduction runs, seeds 1, 2, 3
//   minutes: 10                                  for all seeds together; out of time is incomplete
//   bars:
//     - gain: recall@10[pca] >= recall@10[first] + 0.15 | every seed
//   card:                                        what the method was asked to reach when it was chosen; optional
//     - gain: recall@10[pca] >= recall@10[first] + 0.1 | every seed
//   ---
//
//   QUIVER_TRY(RecipePage page, open_page("docs/recipes", "pca-projection"));
//
// Every bar of `card` is a bar of the page, as strict or stricter: a page that lowered one is not read.
// This is a small fixed grammar, not YAML: every other key or line is an Error, so that nothing is silently ignored.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/recipes/bars.h"

namespace quiver {

struct RecipePage {
  std::string slug;
  std::vector<std::string> data;
  unsigned seeds = 3;
  double minutes = 10;
  std::vector<Bar> bars, card;
};
Result<RecipePage> parse_page(std::string_view slug, std::string_view text);
Result<RecipePage> open_page(const std::filesystem::path& folder, std::string_view slug);

}  // namespace quiver
