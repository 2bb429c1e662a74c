#include "bench/search/report.h"

#include <gmock/gmock.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {
using testing::HasSubstr;

Json run_of(const std::string& data, const std::string& created, std::initializer_list<Json> measured) {
  return {{"what", "search"}, {"data", data}, {"created", created}, {"rows", 10}, {"measured", Json(measured)}};
}
Json measure(const std::string& arm, const std::string& metric, double value, std::vector<double> rounds = {}) {
  return {{"arm", arm}, {"metric", metric}, {"value", value}, {"rounds", std::move(rounds)}};
}
Json judged(const SearchReport& report, std::size_t i) { return report.json["bars"][i]; }

TEST(SearchBars, AreRowsDataAndAlternatives) {
  const auto bars = parse_search_bars(
      "# comment\n\n[pixels] On pixels\ndata: mnist, cifar\nbar: qps@{0.9,0.95}[quiver] >= 2 * qps@{0.9,0.95}[best "
      "peer]\nbar: bytes[quiver] <= 0.4 * bytes[symqg]\n");
  ASSERT_TRUE(bars.has_value()) << bars.error().message();
  ASSERT_EQ(bars->size(), 6U);
  EXPECT_EQ((*bars)[1].bar.text, "qps@0.95[quiver] >= 2 * qps@0.95[best peer]");
  EXPECT_EQ((*bars)[1].data, "mnist");
  EXPECT_EQ((*bars)[5].data, "cifar");
  EXPECT_EQ((*bars)[0].title, "On pixels");
}

TEST(SearchBars, AMistakeNamesItsLine) {
  for (const auto& [text, why] : {std::pair{"bar: a[b] >= 1", "line 1: a bar follows a row"},
                                  {"\n[x", "line 2: a row is"},
                                  {"[x] y\ndata: d\nbar: a{1,2[b] >= 1", "line 3: a brace is not closed"},
                                  {"[x] y\ndata: d\nbar: a{1,2}[b] >= c{1}[d]", "line 3: braces with 2 and 1"},
                                  {"[x] y\ndata: d\nbar: nothing", "line 3"},
                                  {"what", "'what' is neither"}}) {
    const auto bars = parse_search_bars(text);
    ASSERT_FALSE(bars.has_value()) << text;
    EXPECT_THAT(bars.error().message(), HasSubstr(why));
  }
}

TEST(SearchReport, TheNewestRunThatMeasuredABarDecides) {
  const auto bars = parse_search_bars("[x] title\ndata: d, e\nbar: qps@0.9[quiver] >= 2 * qps@0.9[best peer]\n");
  ASSERT_TRUE(bars.has_value());
  const std::vector<Json> runs{
      run_of("d", "2026-01-02",
             {measure("quiver", "qps@0.9", 30, {20, 40}), measure("best peer", "qps@0.9", 10, {10, 10})}),
      run_of("d", "2026-01-01", {measure("quiver", "qps@0.9", 10), measure("best peer", "qps@0.9", 10)}),
      run_of("d", "2026-01-03", {measure("quiver", "other", 1)})};
  const auto report = judge_runs(*bars, runs);
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_EQ(judged(*report, 0)["verdict"], "holds");
  EXPECT_EQ(judged(*report, 0)["factor"], 3);
  EXPECT_EQ(judged(*report, 0)["factor_low"], 2);
  EXPECT_EQ(judged(*report, 0)["factor_high"], 4);
  EXPECT_EQ(judged(*report, 0)["measured"]["created"], "2026-01-02");
  EXPECT_EQ(judged(*report, 1)["verdict"], "not measured");
  EXPECT_EQ(judged(*report, 1)["why"], "no run on e");
  EXPECT_EQ(report->summary, "2 bars: 1 hold, 0 fall short, 1 not measured\n");
  EXPECT_THAT(report->markdown, HasSubstr("3.00 (2.00 to 4.00)"));
  EXPECT_THAT(report->markdown, HasSubstr("search-d.svg"));
}

TEST(SearchReport, ARecallThatNobodyReachesDecidesToo) {
  const auto bars = parse_search_bars("[x] title\ndata: d\nbar: qps@0.99[quiver] >= 2 * qps@0.99[best peer]\n");
  ASSERT_TRUE(bars.has_value());
  const Json ours = measure("quiver", "qps@0.99", 30), ours_end = measure("quiver", "highest_recall", 0.98),
             theirs = measure("best peer", "qps@0.99", 30), their_end = measure("best peer", "highest_recall", 0.97);
  const auto verdict = [&](std::initializer_list<Json> measured) {
    const std::vector<Json> runs{run_of("d", "2026", measured)};
    const auto report = judge_runs(*bars, runs);
    return report.has_value() ? judged(*report, 0) : Json();
  };
  EXPECT_EQ(verdict({ours, theirs})["verdict"], "falls short");
  EXPECT_EQ(verdict({ours, their_end})["verdict"], "holds");
  EXPECT_EQ(verdict({ours, their_end})["why"], "best peer ends at recall 0.9700");
  EXPECT_EQ(verdict({ours_end, theirs})["verdict"], "falls short");
  EXPECT_EQ(verdict({ours_end, their_end})["verdict"], "falls short");
  EXPECT_EQ(verdict({ours})["verdict"], "not measured");
  EXPECT_EQ(verdict({ours})["why"], "no qps@0.99[best peer]");
}

TEST(SearchReport, RunsAreReadFromFoldersAndFiles) {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const Json& json) {
    ASSERT_TRUE(write_file(folder.path() / name, dump_json(json)).has_value());
  };
  write("b.json", run_of("d", "1", {}));
  write("a.json", run_of("e", "2", {}));
  write("peers.json", Json::object());
  const auto runs = open_runs({folder.path().string(), (folder.path() / "b.json").string()});
  ASSERT_TRUE(runs.has_value()) << runs.error().message();
  ASSERT_EQ(runs->size(), 3U);
  EXPECT_EQ((*runs)[0]["data"], "e");
  EXPECT_EQ(open_runs({(folder.path() / "none").string()}).error().code(), Code::NotFound);
  ASSERT_TRUE(write_file(folder.path() / "bad.json", "{").has_value());
  EXPECT_THAT(open_runs({folder.path().string()}).error().message(), HasSubstr("bad.json"));
  const std::vector<Json> undated{{{"data", "d"}, {"measured", Json::array()}}};
  EXPECT_THAT(judge_runs({}, undated).error().message(), HasSubstr("created"));
}

}  // namespace
}  // namespace quiver::bench
