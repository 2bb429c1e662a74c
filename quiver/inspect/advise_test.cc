#include "quiver/inspect/advise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/core/random.h"
#include "quiver/data/inner_sphere.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/internal/advice_choice.h"
#include "quiver/inspect/internal/tuning.h"

namespace quiver {
namespace {
using testing::HasSubstr;
using Knob = SearchSetting::Knob;

constexpr std::uint64_t kAdviceSeed = 9;

Rows advice_rows(std::size_t rows, std::uint64_t stream = 1, Metric metric = Metric::L2) {
  Threads threads(2);
  return Rows::dense(InnerSphere(8, 16, kAdviceSeed).draw(rows, stream, threads), {.metric = metric});
}
Result<Advice> advised(const Rows& rows, const Rows& queries, const AdviseOptions& options) {
  quiver::Run run({.seed = kAdviceSeed, .threads = 2});
  return advise(rows, queries, options, run);
}
const std::vector<std::string> kFew = {"flat", "flat + lvq(8)", "hnsw(8,32)", "flat + lvq(4) + rerank(f16)"};

TEST(Advise, RecommendsTheFastestThatReachesTheRecall) {
  const auto advice = advised(advice_rows(1500), {}, {.recall = 0.9, .specs = kFew, .repeats = 1});
  ASSERT_TRUE(advice.has_value()) << advice.error().message();
  ASSERT_TRUE(advice->best.has_value()) << advice->why << ", seed " << kAdviceSeed;
  const AdviceCandidate& best = advice->candidates[*advice->best];
  ASSERT_TRUE(best.reaches.has_value());
  EXPECT_GE(best.points[*best.reaches].tuned.mean, 0.9);
  EXPECT_THAT(advice->why, HasSubstr(best.spec));
  EXPECT_TRUE(advice->held_out);
  EXPECT_EQ(advice->tuning_queries + advice->queries, 150U) << "a tenth is held out";
  for (const AdviceCandidate& candidate : advice->candidates) {
    EXPECT_EQ(candidate.rows, 1350U) << candidate.spec;
    ASSERT_FALSE(candidate.points.empty()) << candidate.spec;
    for (const AdvicePoint& point : candidate.points) EXPECT_GT(point.seconds, 0) << candidate.spec;
    if (!candidate.reaches) continue;
    EXPECT_LE(best.points[*best.reaches].seconds, 1.05 * candidate.points[*candidate.reaches].seconds)
        << candidate.spec;
  }
}

TEST(Advise, TurnsTheKnobThatAnIndexHas) {
  quiver::Run run({.seed = kAdviceSeed, .threads = 2});
  const Rows base = advice_rows(3000);
  const auto trial = internal::AdviceTrial::of(base, advice_rows(40, 2), advice_rows(40, 3), 10, run);
  ASSERT_TRUE(trial.has_value()) << trial.error().message();
  const std::pair<const char*, Knob> cases[] = {{"flat", Knob::None},
                                                {"flat + lvq(8)", Knob::None},
                                                {"flat + lvq(4) + rerank(f16)", Knob::Rerank},
                                                {"hnsw(8,32)", Knob::Effort},
                                                {"graph", Knob::Recall}};
  for (const auto& [spec, knob] : cases) {
    const auto index = build_index(*IndexSpec::parse(spec), base, {}, run);
    ASSERT_TRUE(index.has_value()) << index.error().message();
    auto points = internal::tuned_points(**index, 0.9, *trial, run);
    ASSERT_TRUE(points.has_value()) << points.error().message();
    EXPECT_EQ(points->front().setting.knob, knob) << spec;
    EXPECT_TRUE(std::ranges::is_sorted(*points, {}, [](const AdvicePoint& p) { return p.setting.value; })) << spec;
    const auto reached = internal::first_to_reach(*points, 0.9);
    ASSERT_TRUE(reached.has_value()) << spec << ", seed " << kAdviceSeed;
    EXPECT_GE((*points)[*reached].tuned.mean, 0.9);
    for (std::size_t i = 0; i < *reached; ++i) EXPECT_LT((*points)[i].tuned.mean, 0.9) << spec;
    AdvicePoint& point = points->front();
    ASSERT_TRUE(internal::time_point(**index, *trial, point, run).has_value());
    const double once = point.seconds;
    ASSERT_TRUE(internal::time_point(**index, *trial, point, run).has_value());
    EXPECT_LE(point.seconds, once);
    EXPECT_GT(point.seconds, 0);
  }
}

TEST(Advise, SettingsAreFlagsOfSearch) {
  EXPECT_EQ(SearchSetting{}.flags(), "");
  EXPECT_EQ((SearchSetting{Knob::Recall, 0.975}.flags()), " --recall 0.975");
  EXPECT_EQ((SearchSetting{Knob::Effort, 64}.flags()), " --effort 64");
  EXPECT_EQ((SearchSetting{Knob::Rerank, 40}.flags()), " --rerank 40");
  EXPECT_EQ((SearchSetting{Knob::Effort, 64}.params(5).effort), 64U);
  EXPECT_EQ((SearchSetting{Knob::Effort, 64}.params(5).k), 5U);
  EXPECT_EQ((SearchSetting{Knob::Rerank, 40}.params(5).rerank), 40U);
  EXPECT_FLOAT_EQ((SearchSetting{Knob::Recall, 0.97}.params(5).recall), 0.97F);
}

TEST(Advise, SaysSoWhenNothingFits) {
  const auto tight = advised(advice_rows(1500), {}, {.recall = 0.9, .memory = 1000, .specs = kFew, .repeats = 1});
  ASSERT_TRUE(tight.has_value()) << tight.error().message();
  EXPECT_FALSE(tight->best.has_value());
  EXPECT_THAT(tight->why, HasSubstr("nothing measured reaches recall 0.9 within 0.001 MB"));
  EXPECT_THAT(tight->why, HasSubstr("the least memory that reaches it: \"flat + lvq(8)\""));
  const auto coarse = advised(advice_rows(1500), {}, {.recall = 0.999, .specs = {"flat + binary"}, .repeats = 1});
  ASSERT_TRUE(coarse.has_value()) << coarse.error().message();
  EXPECT_FALSE(coarse->best.has_value());
  EXPECT_THAT(coarse->why, HasSubstr("the most recall that fits: \"flat + binary\""));
}

TEST(Advise, GoesOnWithTheBetterOnesOnMoreRows) {
  const auto advice = advised(advice_rows(4000), {}, {.recall = 0.9, .specs = kFew, .sample = 400, .repeats = 1});
  ASSERT_TRUE(advice.has_value()) << advice.error().message();
  EXPECT_EQ(advice->candidates.front().rows, 3600U);
  EXPECT_TRUE(advice->candidates.front().dropped.empty());
  const auto late =
      advised(advice_rows(4000), {}, {.recall = 0.9, .seconds = 1e-9, .specs = kFew, .sample = 400, .repeats = 1});
  ASSERT_TRUE(late.has_value()) << late.error().message();
  EXPECT_TRUE(late->out_of_time);
  EXPECT_EQ(late->candidates.front().rows, 400U);
  EXPECT_TRUE(late->best.has_value()) << late->why;
}

TEST(Advise, DefaultCandidatesSuitEveryMetricOrSayWhyNot) {
  for (const Metric metric : {Metric::Cosine, Metric::Manhattan}) {
    const auto advice = advised(advice_rows(700, 1, metric), advice_rows(40, 2, metric), {.recall = 0.8, .repeats = 1});
    ASSERT_TRUE(advice.has_value()) << advice.error().message();
    EXPECT_FALSE(advice->held_out);
    EXPECT_EQ(advice->tuning_queries, 20U);
    EXPECT_GE(advice->candidates.size(), default_candidates().size());
    const auto refused = std::ranges::find_if(advice->candidates, [](const AdviceCandidate& c) { return c.rows == 0; });
    if (metric == Metric::Cosine) continue;
    ASSERT_NE(refused, advice->candidates.end());
    EXPECT_THAT(refused->dropped, HasSubstr("manhattan"));
  }
  for (const std::string_view text : default_candidates()) EXPECT_TRUE(IndexSpec::parse(text).has_value()) << text;
}

TEST(Advise, RefusesWhatCannotBeMeasured) {
  const auto message = [](const Rows& rows, const Rows& queries, const AdviseOptions& options) {
    const auto advice = advised(rows, queries, options);
    return advice.has_value() ? "advised" : advice.error().message();
  };
  const Rows rows = advice_rows(200);
  EXPECT_THAT(message(rows, {}, {.recall = 0}), HasSubstr("for recall 0: it must lie between 0 and 1"));
  EXPECT_THAT(message(rows, {}, {.recall = 1}), HasSubstr("for recall 1: it must lie between 0 and 1"));
  EXPECT_THAT(message(rows, {}, {.k = 190}),
              HasSubstr("k = 190 on 200 rows: at least 210 rows are needed when queries"));
  EXPECT_THAT(message(rows, advice_rows(40, 2), {.k = 201}), HasSubstr("at least 201 rows are needed; so few"));
  EXPECT_THAT(message(rows, advice_rows(5, 2), {}), HasSubstr("on 5 queries: at least 20 are needed"));
  EXPECT_THAT(message(advice_rows(3), {}, {}), HasSubstr("on 3 rows: at least 30 rows are needed"));
  EXPECT_THAT(message(rows, {}, {.specs = {"grph"}}), HasSubstr("did you mean graph"));
  EXPECT_THAT(message(rows, {}, {.specs = {"graph + lvq(8)"}}), HasSubstr("every candidate was refused"));
  const Rows shorter = Rows::dense(Matrix(40, 3), {.metric = Metric::L2});
  EXPECT_NE(message(rows, shorter, {}), "advised");
  EXPECT_THAT(message(*Rows::sparse({}, {}), {}, {.k = 0}), HasSubstr("k = 0"));
  quiver::Run run({.threads = 1});
  run.cancel();
  EXPECT_EQ(advise(rows, {}, {.specs = kFew}, run).error().code(), Code::Cancelled);
}

// Made up, so that the choice alone is looked at.
AdviceCandidate candidate(const char* spec, double bytes, std::initializer_list<std::pair<double, double>> points) {
  AdviceCandidate made{.spec = spec, .rows = 1000, .bytes = bytes};
  for (const auto& [recall, seconds] : points) {
    made.points.push_back({.tuned = {recall, recall, recall}, .recall = {recall, recall, recall}, .seconds = seconds});
  }
  made.reaches = internal::first_to_reach(made.points, 0.95);
  return made;
}
std::vector<std::string> on_front(const Advice& advice) {
  std::vector<std::string> out;
  for (const AdviceCandidate& c : advice.candidates) {
    for (const AdvicePoint& p : c.points) {
      if (p.on_front) out.push_back(c.spec);
    }
  }
  std::ranges::sort(out);
  return out;
}

TEST(AdviceChoice, TheFrontHoldsWhatNothingBeats) {
  Advice advice{.rows = 1000};
  advice.candidates = {candidate("flat", 400, {{1, 1e-3}}), candidate("hnsw", 500, {{0.9, 1e-5}, {0.97, 3e-5}}),
                       candidate("graph", 300, {{0.9, 4e-6}, {0.98, 1e-5}}),
                       candidate("flat + lvq(4)", 60, {{0.8, 2e-4}})};
  internal::conclude(advice, {.recall = 0.95});
  EXPECT_THAT(on_front(advice), testing::ElementsAre("flat", "flat + lvq(4)", "graph", "graph"));
  ASSERT_TRUE(advice.best.has_value());
  EXPECT_EQ(advice.candidates[*advice.best].spec, "graph");
  EXPECT_THAT(advice.why, HasSubstr(": 3.0 times as fast as the next, \"hnsw\""));
  EXPECT_THAT(advice.why, HasSubstr("100 times as fast as an exact scan"));
}

TEST(AdviceChoice, MemoryDecides) {
  Advice advice{.rows = 1000};
  advice.candidates = {candidate("hnsw", 500, {{0.97, 3e-5}}), candidate("flat + lvq(8)", 100, {{0.96, 1e-3}})};
  internal::conclude(advice, {.recall = 0.95, .memory = 200'000});
  ASSERT_TRUE(advice.best.has_value());
  EXPECT_EQ(advice.candidates[*advice.best].spec, "flat + lvq(8)");
  EXPECT_TRUE(advice.candidates[*advice.best].fits);
  EXPECT_THAT(advice.why, HasSubstr("with 0.5 MB, \"hnsw\" would be 33 times as fast"));
}

TEST(AdviceChoice, OfThoseAsFastTheSmallest) {
  Advice advice{.rows = 1000};
  advice.candidates = {candidate("flat", 400, {{1, 1.00e-3}}), candidate("flat + f16", 200, {{1, 1.02e-3}}),
                       candidate("flat + lvq(8)", 100, {{0.99, 1.2e-3}})};
  internal::conclude(advice, {.recall = 0.95});
  ASSERT_TRUE(advice.best.has_value());
  EXPECT_EQ(advice.candidates[*advice.best].spec, "flat + f16");
  EXPECT_THAT(advice.why, HasSubstr("about as fast as \"flat\", in less memory"));
}

TEST(AdviceChoice, HalfGoOnAndTheBestOfEachStructure) {
  Advice advice{.rows = 1000};
  for (int i = 0; i < 9; ++i) {
    advice.candidates.push_back(candidate("graph", 100, {{0.97, 1e-6 * (i + 1)}}));
    advice.candidates.back().spec = "graph(16," + std::to_string(4 * i + 4) + ")";
  }
  advice.candidates.push_back(candidate("flat", 64, {{1, 1e-3}}));
  advice.candidates.push_back(candidate("hnsw", 5000, {{0.99, 1e-6}}));
  advice.candidates.push_back(candidate("flat + binary", 4, {{0.5, 1e-4}}));
  const auto specs = internal::survivors(advice, {.recall = 0.95, .memory = 1'000'000}, 1000);
  EXPECT_EQ(specs.size(), 6U) << "half of ten, and flat";
  EXPECT_EQ(specs.front(), "graph(16,4)");
  EXPECT_EQ(specs.back(), "flat");
  EXPECT_THAT(advice.candidates[8].dropped, HasSubstr("8 others are faster on 1,000 rows"));
  EXPECT_THAT(advice.candidates[10].dropped, HasSubstr("all rows would take 0.005 GB"));
  EXPECT_THAT(advice.candidates[11].dropped, HasSubstr("its recall ends at 0.500"));
  Advice none{.rows = 1000};
  none.candidates = {candidate("flat", 64, {{1, 1e-3}}), candidate("hnsw", 200, {{1, 1e-3}})};
  EXPECT_EQ(internal::survivors(none, {.memory = 10}, 1000).size(), 2U) << "the nearest go on";
}

}  // namespace
}  // namespace quiver
