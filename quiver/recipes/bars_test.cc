#include "quiver/recipes/bars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

// Seeds 1, 2, ... with a[i] and b[i] as arms of metric m.
std::vector<SeedMeasured> seeds_of(std::vector<double> a, std::vector<double> b) {
  std::vector<SeedMeasured> seeds;
  for (std::size_t i = 0; i < a.size(); ++i) seeds.push_back({i + 1, {{"a", "m", a[i]}, {"b", "m", b[i]}}});
  return seeds;
}
Verdict verdict(std::string_view bar, const std::vector<SeedMeasured>& seeds) {
  const auto parsed = parse_bar(bar);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return judge(*parsed, seeds).verdict;
}

TEST(Bars, ReadTheGrammar) {
  const auto bar = parse_bar("gain-1: mrr@10[full] >= 2 * mrr@10[leave-one out] - 0.5 * ndcg[a] + 0.02 | every seed");
  ASSERT_TRUE(bar) << bar.error().message();
  EXPECT_EQ(bar->id, "gain-1");
  EXPECT_EQ(bar->text, "mrr@10[full] >= 2 * mrr@10[leave-one out] - 0.5 * ndcg[a] + 0.02 | every seed");
  ASSERT_EQ(bar->left.size(), 1u);
  EXPECT_EQ(bar->left[0].metric, "mrr@10");
  EXPECT_EQ(bar->left[0].arm, "full");
  ASSERT_EQ(bar->right.size(), 3u);
  EXPECT_EQ(bar->right[0].factor, 2);
  EXPECT_EQ(bar->right[0].arm, "leave-one out");
  EXPECT_EQ(bar->right[1].factor, -0.5);
  EXPECT_EQ(bar->right[2].factor, 0.02);
  EXPECT_EQ(bar->right[2].metric, "");
  EXPECT_TRUE(bar->greater);
  EXPECT_FALSE(bar->strict);
  EXPECT_EQ(bar->form, BarForm::EverySeed);
}

TEST(Bars, ReadEveryForm) {
  const auto form = [](std::string_view text) { return parse_bar(text)->form; };
  EXPECT_EQ(form("m[a] >= 1"), BarForm::Mean);
  EXPECT_EQ(form("m[a] < 1 | mean"), BarForm::Mean);
  EXPECT_EQ(form("m[a] <= 1 | interval"), BarForm::Interval);
  EXPECT_EQ(form("m[a] > 1 | stretch"), BarForm::Stretch);
  EXPECT_EQ(form("m[a] | report"), BarForm::Report);
  EXPECT_EQ(form("m[a] >= m[b]|report"), BarForm::Report);
  const auto some = parse_bar("m[a] >= -1.5e-3 | 2 of 3 seeds");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->form, BarForm::SomeSeeds);
  EXPECT_EQ(some->needed, 2u);
  EXPECT_EQ(some->of, 3u);
  EXPECT_EQ(some->right[0].factor, -1.5e-3);
}

TEST(Bars, SayWhereTheGrammarBreaks) {
  const auto message = [](std::string_view text) { return parse_bar(text).error().message(); };
  EXPECT_THAT(message(""), HasSubstr("metric[arm] or a number"));
  EXPECT_THAT(message("m[a]"), HasSubstr("'>=', '>', '<=' or '<'"));
  EXPECT_THAT(message("m[a] | mean"), HasSubstr("only a report has one side"));
  EXPECT_THAT(message("m[a >= 1"), HasSubstr("closing ']'"));
  EXPECT_THAT(message("m[] >= 1"), HasSubstr("closing ']'"));
  EXPECT_THAT(message("[a] >= 1"), HasSubstr("metric[arm]"));
  EXPECT_THAT(message("m >= 1"), HasSubstr("at position 1"));
  EXPECT_THAT(message("m[a] == 1"), HasSubstr("found '== 1'"));
  EXPECT_THAT(message("m[a] >= 1 1"), HasSubstr("'+', '-' or '|'"));
  EXPECT_THAT(message("m[a] >= 1 | often"), HasSubstr("'often' is no way to judge"));
  EXPECT_THAT(message("m[a] >= 1 | 4 of 3 seeds"), HasSubstr("no way to judge"));
  EXPECT_THAT(message("m[a] >= 1 | 0 of 3 seeds"), HasSubstr("no way to judge"));
}

TEST(Bars, JudgeBySeedsMeansAndParts) {
  const auto seeds = seeds_of({0.5, 0.6, 0.4}, {0.4, 0.4, 0.45});
  EXPECT_EQ(verdict("m[a] >= m[b] + 0.08", seeds), Verdict::Pass);  // mean gain 0.0833
  EXPECT_EQ(verdict("m[a] >= m[b] + 0.09", seeds), Verdict::Miss);
  EXPECT_EQ(verdict("m[a] >= m[b] | every seed", seeds), Verdict::Miss);
  EXPECT_EQ(verdict("m[a] >= m[b] - 0.06 | every seed", seeds), Verdict::Pass);
  EXPECT_EQ(verdict("m[a] >= m[b] | 2 of 3 seeds", seeds), Verdict::Pass);
  EXPECT_EQ(verdict("m[a] >= m[b] | 3 of 3 seeds", seeds), Verdict::Miss);
  EXPECT_EQ(verdict("m[b] <= m[a]", seeds), Verdict::Pass);
  EXPECT_EQ(verdict("m[a] | report", seeds), Verdict::Shown);
  EXPECT_EQ(verdict("m[a] >= 9 | stretch", seeds), Verdict::Miss);
  EXPECT_EQ(verdict("m[a] > 0.4 | every seed", seeds), Verdict::Miss);  // strict
  EXPECT_EQ(verdict("m[a] >= 0.4 | every seed", seeds), Verdict::Pass);
  EXPECT_EQ(verdict("m[a] < 0.6 | every seed", seeds), Verdict::Miss);
}

TEST(Bars, WhatIsMissingIsIncompleteAndNamed) {
  const auto bar = parse_bar("m[a] >= m[c]");
  const Judged judged = judge(*bar, seeds_of({1, 2}, {1, 2}));
  EXPECT_EQ(judged.verdict, Verdict::Incomplete);
  EXPECT_THAT(judged.why, HasSubstr("seed 1 has no m[c]"));
  EXPECT_THAT(judge(*parse_bar("m[a] >= 0"), {}).why, HasSubstr("no seed"));
  EXPECT_THAT(judge(*parse_bar("m[a] >= 0"), seeds_of({std::numeric_limits<double>::quiet_NaN()}, {0})).why,
              HasSubstr("m[a] is nan"));
  EXPECT_THAT(judge(*parse_bar("m[a] >= 0 | 2 of 3 seeds"), seeds_of({1, 1}, {0, 0})).why,
              HasSubstr("2 of 3 seeds have finished"));
  EXPECT_THAT(judge(*parse_bar("m[a] >= 0 | interval"), seeds_of({1}, {0})).why,
              HasSubstr("one seed gives no interval"));
}

TEST(Bars, IntervalOverSeedsIsStudents) {
  const auto seeds = seeds_of({0.5, 0.6, 0.55}, {0.4, 0.45, 0.4});  // gains 0.1, 0.15, 0.15: mean 0.1333, sd 0.02887
  const Judged judged = judge(*parse_bar("m[a] >= m[b] | interval"), seeds);
  ASSERT_TRUE(judged.interval);
  EXPECT_NEAR(judged.interval->mean, 0.13333, 1e-4);
  EXPECT_NEAR(judged.interval->low, 0.13333 - 4.303 * 0.028868 / 1.7320508, 1e-4);
  EXPECT_EQ(judged.verdict, Verdict::Pass);
  EXPECT_EQ(verdict("m[a] >= m[b] + 0.07 | interval", seeds), Verdict::Miss);
  EXPECT_EQ(verdict("m[b] <= m[a] - 0.06 | interval", seeds), Verdict::Pass);
  EXPECT_THAT(judged.left, ElementsAre(0.5, 0.6, 0.55));
  EXPECT_THAT(judged.right, ElementsAre(0.4, 0.45, 0.4));
  const std::vector<double> many(40, 1.0);
  EXPECT_EQ(student_interval(many).low, 1.0);
}

TEST(Bars, IntervalOverItemsIsTheRecipesOwnAndEverySeedMustHold) {
  std::vector<SeedMeasured> seeds = seeds_of({0.5, 0.6}, {0.4, 0.45});
  seeds[0].values.insert(
      seeds[0].values.end(),
      {{"a - b", "m.low", 0.05}, {"a - b", "m.high", 0.15}, {"a", "m.low", 0.45}, {"a", "m.high", 0.55}});
  EXPECT_EQ(judge(*parse_bar("m[a] > m[b] | interval"), std::span(seeds).first(1)).verdict,
            Verdict::Pass);  // one seed is enough
  seeds[1].values.insert(seeds[1].values.end(), {{"a - b", "m.low", -0.01}, {"a - b", "m.high", 0.3}});
  const Judged both = judge(*parse_bar("m[a] > m[b] | interval"), seeds);
  EXPECT_EQ(both.verdict, Verdict::Miss);
  EXPECT_DOUBLE_EQ(both.interval->low, -0.01);
  EXPECT_DOUBLE_EQ(both.interval->high, 0.3);
  EXPECT_EQ(verdict("m[a] > m[b] - 0.02 | interval", seeds), Verdict::Pass);
  EXPECT_EQ(judge(*parse_bar("m[a] >= 0.45 | interval"), std::span(seeds).first(1)).verdict, Verdict::Pass);
  EXPECT_EQ(judge(*parse_bar("m[a] >= 0.46 | interval"), std::span(seeds).first(1)).verdict, Verdict::Miss);
}

TEST(Bars, OneMissFailsTheRecipeAndReportsDoNot) {
  const auto bars = [](std::initializer_list<const char*> texts) {
    std::vector<Bar> out;
    for (const char* text : texts) out.push_back(*parse_bar(text));
    return out;
  };
  const auto seeds = seeds_of({0.5}, {0.4});
  const auto total = [&](const std::vector<Bar>& all) {
    std::vector<Judged> judged;
    for (const Bar& bar : all) judged.push_back(judge(bar, seeds));
    return overall(all, judged);
  };
  EXPECT_EQ(total(bars({"m[a] >= m[b]", "m[a] | report", "m[a] >= 9 | stretch"})), Verdict::Pass);
  EXPECT_EQ(total(bars({"m[a] >= m[b]", "m[z] >= 0"})), Verdict::Incomplete);
  EXPECT_EQ(total(bars({"m[a] >= 9", "m[z] >= 0"})), Verdict::Miss);
  EXPECT_EQ(name_of(Verdict::Incomplete), "incomplete");
}

std::string lowered(std::string_view bar, std::string_view card) {
  const auto checked = check_not_lowered(*parse_bar(bar), *parse_bar(card));
  return checked.has_value() ? "" : checked.error().message();
}

TEST(Bars, MayBeRaised) {
  const std::string_view card = "m[a] >= m[b] + 0.5 | 2 of 3 seeds";
  for (const std::string_view bar : {"m[a] >= m[b] + 0.5 | 2 of 3 seeds", "m[a] > m[b] + 0.7 | 2 of 3 seeds",
                                     "m[a] - m[b] >= 0.5 | 3 of 3 seeds", "m[a] >= m[b] + 0.5 | every seed"})
    EXPECT_EQ(lowered(bar, card), "") << bar;
  EXPECT_EQ(lowered("m[a] <= 1 | mean", "m[a] <= 1.5 | mean"), "");
  EXPECT_EQ(lowered("m[a] >= 1 | interval", "m[a] >= 1 | mean"), "");
  EXPECT_EQ(lowered("m[a] >= 0.1 + 0.2", "m[a] >= 0.3"), "");  // decimal sums round
  EXPECT_EQ(lowered("m[a] | report", "m[a] | report"), "");
  EXPECT_EQ(lowered("m[a] >= 1 | mean", "m[a] >= 1 | stretch"), "");
}

TEST(Bars, MayNotBeLowered) {
  const std::string_view card = "m[a] >= m[b] + 0.5 | 2 of 3 seeds";
  EXPECT_THAT(lowered("m[a] >= m[b] + 0.4 | 2 of 3 seeds", card), HasSubstr("the number is weaker"));
  EXPECT_THAT(lowered("m[a] >= m[c] + 0.5 | 2 of 3 seeds", card), HasSubstr("it compares something else"));
  EXPECT_THAT(lowered("m[a] <= m[b] + 0.5 | 2 of 3 seeds", card), HasSubstr("it compares something else"));
  EXPECT_THAT(lowered("m[a] >= 2 * m[b] + 0.5 | 2 of 3 seeds", card), HasSubstr("it compares something else"));
  for (const std::string_view form : {"1 of 3 seeds", "mean", "report", "stretch"})
    EXPECT_THAT(lowered("m[a] >= m[b] + 0.5 | " + std::string(form), card), HasSubstr("judged less strictly")) << form;
  EXPECT_THAT(lowered("m[a] >= 1 | mean", "m[a] >= 1 | every seed"), HasSubstr("judged less strictly"));
  EXPECT_THAT(lowered("m[a] >= 1 | every seed", "m[a] >= 1 | interval"), HasSubstr("judged less strictly"));
  EXPECT_THAT(lowered("m[a] >= 1", "m[a] > 1"), HasSubstr("the number is weaker"));
  EXPECT_THAT(lowered("m[a] <= 1.6", "m[a] <= 1.5"), HasSubstr("the number is weaker"));
}

}  // namespace
}  // namespace quiver
