#include "quiver/recipes/reproduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/recipes/arms.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

// A recipe of known answers that notes which seeds it ran.
struct Options {
  double gain = 0.1;
  template <class V>
  void visit(V& v) {
    v("gain", gain, "what arm a is better by", 0.0, 1.0);
  }
};
struct Quick {
  bool quick = false;
  template <class V>
  void visit(V& v) {
    v("quick", quick, "on little data");
  }
};
std::vector<std::uint64_t> ran;
std::uint64_t fails_at = 0, sleeps_at = 0;

Result<Fitted> fit(const Options&, const Inputs&, quiver::Run&) { return Fitted{}; }
Result<std::vector<Measured>> measure(const Options& options, quiver::Run& run) {
  ran.push_back(run.seed());
  EXPECT_EQ(run.ordinal() + 1, run.seed());
  if (run.seed() == fails_at) return Error::io("the disk is gone");
  while (run.seed() == sleeps_at) {
    if (run.stop()) return run.stopped("sleeping");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const double base = 0.1 * static_cast<double>(run.seed());
  return std::vector<Measured>{{"a", "m", base + options.gain}, {"b", "m", base}};
}

class Reproduce : public testing::Test {
 protected:
  Reproduce() {
    ran.clear();
    fails_at = sleeps_at = 0;
    options.cache = folder.path() / "cache";
    options.results = folder.path() / "results";
  }
  Result<Reproduction> go() { return reproduce(*recipe, page, options, run); }
  std::string results_file() const { return read_file(options.results / "some-recipe.json").value_or("none"); }

  const RecipeCard card{.slug = "some-recipe"};
  const std::unique_ptr<Recipe> recipe = internal::recipe_of<Options>(card, fit, measure);
  RecipePage page = *parse_page(
      "some-recipe", "---\ndata: none\nseeds: 3\nminutes: 1\nbars:\n- gain: m[a] >= m[b] + 0.05 | every seed\n---\n");
  ReproduceOptions options;
  TemporaryFolder folder;
  quiver::Run run{{.threads = 1}};
};

TEST_F(Reproduce, RunsThePagesSeedsJudgesAndWritesResults) {
  const auto done = go();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(done->verdict, Verdict::Pass);
  EXPECT_EQ(done->seeds.size(), 3u);
  const auto json = parse_json(results_file());
  ASSERT_TRUE(json) << json.error().message();
  EXPECT_EQ((*json)["verdict"], "pass");
  EXPECT_EQ((*json)["bars"][0]["id"], "gain");
  EXPECT_EQ((*json)["arms"][0]["metrics"][0]["values"].size(), 3u);
  EXPECT_EQ((*json)["options"]["gain"], 0.1);
  EXPECT_EQ((*json)["quick"], false);
  EXPECT_EQ(*read_file(options.results / "some-recipe.md"), done->markdown);
}

TEST_F(Reproduce, FinishedSeedsAreKeptUnlessWhatTheyDependOnChanges) {
  ASSERT_TRUE(go());
  ran.clear();
  options.seeds = 4;
  ASSERT_TRUE(go());
  EXPECT_THAT(ran, ElementsAre(4));
  ran.clear();
  options.settings.set("gain", "0.01");
  const auto missed = go();
  ASSERT_TRUE(missed);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(missed->verdict, Verdict::Miss);
  ran.clear();
  options.fresh = true;
  ASSERT_TRUE(go());
  EXPECT_THAT(ran, ElementsAre(1, 2, 3, 4));
}

TEST_F(Reproduce, AnInterruptedRunGoesOnWhereItStopped) {
  fails_at = 3;
  const auto broken = go();
  EXPECT_EQ(broken.error().code(), Code::Io);
  EXPECT_THAT(broken.error().message(), HasSubstr("some-recipe, seed 3: the disk is gone"));
  EXPECT_EQ(results_file(), "none");
  fails_at = 0;
  ran.clear();
  ASSERT_TRUE(go());
  EXPECT_THAT(ran, ElementsAre(3));
}

TEST_F(Reproduce, ADamagedSeedRunsAgain) {
  ASSERT_TRUE(go());
  for (const auto& file : std::filesystem::directory_iterator(options.cache / "reproduce" / "some-recipe")) {
    if (file.path().string().ends_with("seed2.json")) {
      ASSERT_TRUE(write_file(file.path(), "{\"seed\": 2"));
    }
  }
  ran.clear();
  ASSERT_TRUE(go());
  EXPECT_THAT(ran, ElementsAre(2));
}

TEST_F(Reproduce, QuickIsOneSeedAndLeavesResultsAlone) {
  options.quick = true;
  const auto done = go();
  ASSERT_TRUE(done);
  EXPECT_THAT(ran, ElementsAre(1));
  EXPECT_EQ(done->verdict, Verdict::Pass);
  EXPECT_EQ(done->json["quick"], true);
  EXPECT_EQ(results_file(), "none");
}

TEST_F(Reproduce, OutOfTimeIsIncomplete) {
  sleeps_at = 2;
  page.minutes = 0.1 / 60;
  const auto done = go();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->verdict, Verdict::Incomplete);
  EXPECT_THAT(done->why, HasSubstr("seed 2 did not finish within the page's"));
  EXPECT_EQ(done->seeds.size(), 1u);
  EXPECT_THAT(results_file(), HasSubstr("incomplete"));
}

TEST_F(Reproduce, InterruptingIsAnErrorNotAResult) {
  run.cancel();
  EXPECT_EQ(go().error().code(), Code::Cancelled);
  EXPECT_EQ(results_file(), "none");
}

TEST_F(Reproduce, MissingDataIsSkippedAndSaysHowToGetIt) {
  page.data = {"wordnet:/no/such/folder"};
  const auto skipped = go();
  ASSERT_TRUE(skipped) << skipped.error().message();
  EXPECT_EQ(skipped->verdict, Verdict::Skipped);
  EXPECT_THAT(skipped->why, HasSubstr("/no/such/folder"));
  EXPECT_EQ(results_file(), "none");
  EXPECT_TRUE(ran.empty());
  page.data = {"no-such-set"};
  EXPECT_THAT(go().error().message(), HasSubstr("no-such-set"));
}

TEST_F(Reproduce, DataIsPartOfTheKey) {
  ASSERT_TRUE(write_file(folder.path() / "rows.txt", "one"));
  page.data = {"text:" + (folder.path() / "rows.txt").string()};
  ASSERT_TRUE(go());
  ran.clear();
  ASSERT_TRUE(go());
  EXPECT_TRUE(ran.empty());
  ASSERT_TRUE(write_file(folder.path() / "rows.txt", "two"));
  ASSERT_TRUE(go());
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST_F(Reproduce, WrongSettingsAreRefusedBeforeAnythingRuns) {
  options.settings.set("gian", "0.5");
  EXPECT_THAT(go().error().message(), HasSubstr("gian"));
  EXPECT_TRUE(ran.empty());
}

TEST_F(Reproduce, QuickRunsTurnTheRecipesOptionOnAndWriteNothing) {
  const auto quick = internal::recipe_of<Quick>(
      card, [](const Quick&, const Inputs&, quiver::Run&) { return Result<Fitted>(Fitted{}); },
      [](const Quick& o, quiver::Run&) {
        return Result<std::vector<Measured>>(std::vector<Measured>{{"a", "m", o.quick ? 1.0 : 0.0}, {"b", "m", 0}});
      });
  options.quick = true;
  const auto done = reproduce(*quick, page, options, run);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->verdict, Verdict::Pass);  // 1 >= 0 + 0.05
  EXPECT_EQ(done->seeds.size(), 1u);
  EXPECT_EQ(results_file(), "none");
}

TEST_F(Reproduce, ASeedThatFailsKeepsItsFinishedArms) {
  static int measured_a = 0, measured_b = 0;
  measured_a = measured_b = 0;
  static bool broken = true;
  broken = true;
  const auto armed = internal::recipe_of<Options>(card, fit, [](const Options&, quiver::Run& seed) {
    return [&]() -> Result<std::vector<Measured>> {
      Arms arms(seed, {"a", "b"});
      QUIVER_TRY(arms.measure("a", []() -> Result<std::vector<Measured>> {
        ++measured_a;
        return std::vector<Measured>{{"", "m", 1}};
      }));
      QUIVER_TRY(arms.measure("b", []() -> Result<std::vector<Measured>> {
        ++measured_b;
        if (broken) return Error::io("the disk is gone");
        return std::vector<Measured>{{"", "m", 0}};
      }));
      return std::move(arms).measured();
    }();
  });
  options.seeds = 1;
  EXPECT_FALSE(reproduce(*armed, page, options, run));
  broken = false;
  const auto done = reproduce(*armed, page, options, run);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->verdict, Verdict::Pass);
  EXPECT_EQ(measured_a, 1);
  EXPECT_EQ(measured_b, 2);
  // Nothing but the seed's own file is left.
  for (const auto& each : std::filesystem::recursive_directory_iterator(options.cache)) {
    EXPECT_TRUE(each.is_directory() ? each.path().filename().string().find("seed") == std::string::npos
                                    : each.path().extension() == ".json")
        << each.path();
  }
}

}  // namespace
}  // namespace quiver
