#include "bench/search/contest.h"

#include <gmock/gmock.h>

#include <csignal>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {
using testing::HasSubstr;

// Answers like protocol.h says, from any files.
constexpr const char* kFakeSearcher = R"sh(
echo "READY,$0,c,d,1.5,64"
while read a b c; do
  case $a in
    0) exit 0;;
    filter) echo "FILTER,$(wc -c < $b)";;
    *) echo "$0,c,d,$a,$(awk "BEGIN{print 1-1/$a}"),$((100000/a)),$((100000/a)),5,1.5,64";;
  esac
done
)sh";

class ContestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    for (Matrix* rows : {&base_, &queries_}) {
      for (std::size_t i = 0; i < rows->rows(); ++i) {
        Random random(rows == &base_ ? 1 : 2, i);
        for (float& x : rows->row(i)) x = random.normal();
      }
    }
    options_.name = "drawn";
    options_.out = folder_.path() / "out";
    options_.entrants = {{.label = "quick", .command = {"sh", "-c", kFakeSearcher, "quick"}, .efforts = {10, 20, 40}}};
    options_.race = {.targets = {0.95}, .rounds = 2};
  }
  TemporaryFolder folder_;
  Matrix base_{100, 4}, queries_{7, 4};
  ContestOptions options_;
  quiver::Run run_{{.seed = 1, .threads = 1}};
};

TEST_F(ContestTest, LeavesFilesAnswersAndARecord) {
  Integers given;
  given.rows = 7, given.cols = 10;
  given.values.assign(70, 0);
  const auto json = run_contest(base_.view(), queries_.view(), given, options_, run_);
  ASSERT_TRUE(json.has_value()) << json.error().message();
  EXPECT_EQ((*json)["given_truth_wrong"], 7);
  EXPECT_EQ((*json)["finished"], true);
  EXPECT_EQ((*json)["rounds"], 2);
  EXPECT_EQ((*json)["parts"][0]["lanes"][0]["peer"], "quick");
  EXPECT_EQ(*parse_json(*read_file(options_.out / "search.json")), *json);
  const auto csv = read_file(options_.out / "answers.csv");
  ASSERT_TRUE(csv.has_value());
  EXPECT_THAT(*csv, HasSubstr("part,peer,config"));
  EXPECT_THAT(*csv, HasSubstr("all,quick,c,d,20,0.95000,5000.0"));
  EXPECT_TRUE(std::filesystem::exists(options_.out / "base.fvecs"));
  EXPECT_TRUE(std::filesystem::exists(options_.out / "query.fvecs"));
  EXPECT_TRUE(std::filesystem::exists(options_.out / "truth.ivecs"));
}

TEST_F(ContestTest, FiltersAreARaceForEachMask) {
  options_.filters = {0.1, 0.5};
  const auto json = run_contest(base_.view(), queries_.view(), {}, options_, run_);
  ASSERT_TRUE(json.has_value()) << json.error().message();
  ASSERT_EQ((*json)["parts"].size(), 4U);
  EXPECT_EQ((*json)["parts"][1]["name"], "10%-region");
  bool found = false;
  for (const Json& entry : (*json)["measured"]) found = found || entry["metric"] == "qps@0.95/50%-scattered";
  EXPECT_TRUE(found);
  EXPECT_TRUE(std::filesystem::exists(options_.out / "filters.json"));
}

TEST_F(ContestTest, InterruptedItWritesWhatItHas) {
  options_.entrants[0].command = {"sh", "-c",
                                  "echo READY,slow,c,d,1,1; read a; echo slow,c,d,10,.5,1,1,1,1,1; sleep 60", "slow"};
  options_.race.answer_seconds = 0.3;
  const auto json = run_contest(base_.view(), queries_.view(), {}, options_, run_);
  ASSERT_TRUE(json.has_value()) << json.error().message();
  EXPECT_THAT((*json)["parts"][0]["lanes"][0]["failure"].get<std::string>(), HasSubstr("said nothing"));
  EXPECT_EQ((*json)["parts"][0]["lanes"][0]["points"].size(), 1U);
}

TEST_F(ContestTest, DataThatCannotBeSearchedIsRefused) {
  const Matrix none(0, 4);
  auto json = run_contest(base_.view(), none.view(), {}, options_, run_);
  ASSERT_FALSE(json.has_value());
  EXPECT_THAT(json.error().message(), HasSubstr("0 queries and 100 vectors"));
  const Matrix longer(2, 5);
  json = run_contest(base_.view(), longer.view(), {}, options_, run_);
  ASSERT_FALSE(json.has_value());
  EXPECT_THAT(json.error().message(), HasSubstr("4 numbers and the queries 5"));
}

}  // namespace
}  // namespace quiver::bench
