#include "bench/search/race.h"

#include <gmock/gmock.h>

#include <csignal>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

// A searcher in a few lines of shell: recall 1 - 1 / effort, 100000 / effort queries a second.
constexpr const char* kFake = R"sh(
echo "READY,$0,c,d,1.5,64"
while read a b c; do
  case $a in
    0) exit 0;;
    filter) if [ "$0" = stubborn ]; then echo "NO,it has none"; else echo FILTER,7; fi;;
    *) if [ "$0" = frail ] && [ $a -ge 20 ]; then exit 9; fi
       echo "$0,c,d,$a,$(awk "BEGIN{print 1-1/$a}"),$((100000/a)),$((100000/a)),5,1.5,64";;
  esac
done
)sh";

class RaceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    options_ = {.targets = {0.9, 0.94}, .rounds = 3, .logs = folder_.path()};
  }
  static Entrant fake(const std::string& name) {
    return {.label = name, .command = {"sh", "-c", kFake, name}, .efforts = {5, 10, 15, 20, 40}};
  }
  Result<Race> start(std::vector<Entrant> entrants) { return Race::start(std::move(entrants), files_, options_, run_); }
  TemporaryFolder folder_;
  SearchFiles files_{"base", "queries", "truth", "cache", "d", Metric::L2, 10};
  RaceOptions options_;
  quiver::Run run_;
};

TEST_F(RaceTest, LaterRoundsAskOnlyAroundTheTargetsInReversedOrder) {
  auto race = start({fake("a"), fake("b")});
  ASSERT_TRUE(race.has_value()) << race.error().message();
  std::vector<std::string> asked;
  const auto note = [&](const Lane& lane, const Answer& answer) {
    asked.push_back(lane.entrant.label + std::to_string(answer.effort));
  };
  ASSERT_TRUE(race->go(note, run_).has_value());
  EXPECT_THAT(asked, ElementsAre("a5", "b5", "a10", "b10", "a15", "b15", "a20", "b20",  // .95 is enough: no 40
                                 "b10", "a10", "b15", "a15", "b20", "a20",              //
                                 "a10", "b10", "a15", "b15", "a20", "b20"));
  const Lane& lane = race->lanes()[0];
  EXPECT_EQ(lane.ready.bytes_per_vector, 64);
  EXPECT_EQ(lane.rounds(), 3U);
  EXPECT_DOUBLE_EQ(lane.front().at(0.9).qps, 10'000);
  EXPECT_DOUBLE_EQ(lane.front_of_round(2).at(0.9).qps, 10'000);
  EXPECT_EQ(lane.front().at(0.999).kind, SpeedKind::Never);
}

TEST_F(RaceTest, ASearcherThatFailsIsLeftOutAndSaysWhy) {
  Entrant missing = fake("missing");
  missing.command = {"no-such-program-at-all"};
  Entrant silent = fake("silent");
  silent.command = {"sh", "-c", "echo what is this"};
  auto race = start({fake("a"), missing, fake("frail"), silent});
  ASSERT_TRUE(race.has_value());
  ASSERT_TRUE(race->go([](const Lane&, const Answer&) {}, run_).has_value());
  EXPECT_EQ(race->lanes()[0].failure, "");
  EXPECT_THAT(race->lanes()[1].failure, HasSubstr("no-such-program-at-all"));
  EXPECT_THAT(race->lanes()[2].failure, HasSubstr("status 9"));
  EXPECT_EQ(race->lanes()[2].answers.size(), 3U) << "what it answered before stays";
  EXPECT_THAT(race->lanes()[3].failure, HasSubstr("what is this"));
}

TEST_F(RaceTest, WhoKnowsNoFiltersTakesNoPartInThem) {
  auto race = start({fake("a"), fake("stubborn")});
  ASSERT_TRUE(race.has_value());
  ASSERT_TRUE(race->filter("mask", "truth", run_).has_value());
  ASSERT_TRUE(race->go([](const Lane&, const Answer&) {}, run_).has_value());
  EXPECT_FALSE(race->lanes()[0].answers.empty());
  EXPECT_THAT(race->lanes()[1].failure, HasSubstr("it has none"));
  ASSERT_TRUE(race->filter("none", "", run_).has_value());
  EXPECT_TRUE(race->lanes()[0].answers.empty()) << "answers under another filter are another matter";
}

TEST_F(RaceTest, InterruptedItKeepsWhatWasMeasured) {
  auto race = start({fake("a")});
  ASSERT_TRUE(race.has_value());
  std::size_t count = 0;
  const auto stop_soon = [&](const Lane&, const Answer&) {
    if (++count == 3) run_.cancel();
  };
  const auto gone = race->go(stop_soon, run_);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code(), Code::Cancelled);
  EXPECT_EQ(race->lanes()[0].answers.size(), 3U);
}

TEST_F(RaceTest, TheWordsOfASearcher) {
  Entrant entrant = fake("a");
  entrant.command = {"bin/a"};
  entrant.options = {"M=16"};
  entrant.rebuild = true;
  EXPECT_THAT(words_of(entrant, files_),
              ElementsAre("bin/a", "--base", "base", "--queries", "queries", "--truth", "truth", "--cache", "cache",
                          "--data", "d", "--metric", "l2", "-k", "10", "--rebuild", "M=16"));
}

}  // namespace
}  // namespace quiver::bench
