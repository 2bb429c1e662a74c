// The one driver of reproductions, seen from the repository: every page has its recipe and readable bars, every recipe
// of a paper has its page, every table in docs/results is the one its numbers give, and a quick reproduction runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/recipes/registry.h"
#include "quiver/recipes/reproduce.h"
#include "quiver/recipes/results.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;
const fs::path kPages = "docs/recipes", kResults = "docs/results";

std::vector<fs::path> files_of(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == suffix && entry.path().filename() != "README.md") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Pages, HaveARecipeAndBarsThatParse) {
  const auto pages = files_of(kPages, ".md");
  ASSERT_FALSE(pages.empty());
  for (const fs::path& file : pages) {
    const std::string slug = file.stem().string();
    const auto page = open_page(kPages, slug);
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_FALSE(page->bars.empty()) << slug << " has no bar";
    const auto recipe = find_recipe(slug);
    EXPECT_TRUE(recipe.has_value() || recipe.error().code() == Code::Unsupported) << slug << ": no such recipe";
  }
}

TEST(Recipes, OfPapersHaveAPage) {
  for (const Recipe* recipe : all_recipes()) {
    if (recipe->card().stage == Stage::Base) continue;
    const std::string slug(recipe->card().slug);
    EXPECT_TRUE(fs::exists(kPages / (slug + ".md"))) << "docs/recipes/" << slug << ".md is missing";
  }
}

TEST(Results, AreDrawnFromTheirNumbers) {
  if (!fs::exists(kResults)) GTEST_SKIP() << "no reproduction has been recorded";
  for (const fs::path& file : files_of(kResults, ".json")) {
    const fs::path drawn = fs::path(file).replace_extension(".md");
    if (!fs::exists(kPages / drawn.filename())) continue;  // results of other commands are drawn elsewhere
    const auto text = read_file(file);
    ASSERT_TRUE(text) << text.error().message();
    const auto json = parse_json(*text);
    ASSERT_TRUE(json) << json.error().message();
    const auto table = results_markdown(*json);
    ASSERT_TRUE(table) << table.error().message();
    EXPECT_EQ(read_file(drawn).value_or("no file"), *table) << drawn << " was edited by hand or is out of date";
    // A page whose bars have changed needs a new run.
    const auto page = open_page(kPages, file.stem().string());
    ASSERT_TRUE(page) << page.error().message();
    ASSERT_EQ((*json)["bars"].size(), page->bars.size())
        << file << ": run `quiver reproduce " << page->slug << "` again";
    for (std::size_t i = 0; i < page->bars.size(); ++i)
      EXPECT_EQ((*json)["bars"][i]["text"], page->bars[i].text) << file;
  }
}

TEST(Reproduction, OfPcaProjectionPassesQuickly) {
  const bool promised = std::getenv("QUIVER_DATA") != nullptr;
  const auto page = open_page(kPages, "pca-projection");
  ASSERT_TRUE(page) << page.error().message();
  const TemporaryFolder folder;
  quiver::Run run;
  const auto done = reproduce(**find_recipe("pca-projection"), *page, {.quick = true, .cache = folder.path()}, run);
  ASSERT_TRUE(done) << done.error().message();
  if (done->verdict == Verdict::Skipped && !promised) GTEST_SKIP() << done->why;
  EXPECT_EQ(done->verdict, Verdict::Pass) << done->why << "\n" << done->markdown;
}

}  // namespace
}  // namespace quiver
