#include "quiver/recipes/wordnet_task.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "quiver/core/metric.h"
#include "quiver/data/items_builder.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/ranking_metrics.h"

namespace quiver::recipes {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kSynsets = 600;

// Synset i means "thing i"; its example says so in other words. Numbers of three digits are the words that tell apart.
Items small_wordnet(bool with_examples = true) {
  ItemsBuilder builder({{.name = "synset", .modality = Modality::Category},
                        {.name = "lemmas", .many = true},
                        {.name = "definition"},
                        {.name = "examples", .many = true},
                        {.name = "text"}});
  for (std::uint32_t i = 0; i < kSynsets; ++i) {
    builder.category(0, fmt::format("{:08}-n", i));
    builder.text(1, fmt::format("word{}", i));
    builder.text(2, fmt::format("a thing of kind {} and colour {}", i, i % 7));
    if (with_examples) builder.text(3, fmt::format("they saw kind {} running", i));
    builder.text(4, fmt::format("word{}: a thing of kind {} and colour {}", i, i, i % 7));
    builder.end_row();
  }
  return std::move(builder).build();
}

// Vectors that agree with the right answer but for noise: entry i is unit vector i mod 64, turned a little by i.
Rows vectors_for(std::span<const std::uint32_t> rows) {
  Matrix out(rows.size(), 80);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.row(i)[rows[i] % 64] = 1;
    out.row(i)[64 + rows[i] / 64] = 0.2F;
  }
  normalize_rows(out);
  Space space;
  space.metric = Metric::Cosine;
  return Rows::dense(std::move(out), space);
}

WordnetVectors all_vectors(const WordnetTask& task) {
  std::vector<std::uint32_t> every(kSynsets);
  for (std::uint32_t i = 0; i < kSynsets; ++i) every[i] = i;
  return {vectors_for(every), vectors_for(task.validation.answers), vectors_for(task.test.answers)};
}

TEST(WordnetTask, QueriesAreTheExamplesOfTheirSideAndEntriesHoldNone) {
  const auto task = WordnetTask::of(small_wordnet());
  ASSERT_TRUE(task) << task.error().message();
  EXPECT_FALSE(task->entries.has("examples"));
  EXPECT_EQ(task->entries.size(), kSynsets);
  std::size_t validation = 0, test = 0;
  for (const Part side : task->sides) {
    validation += side == Part::Validation;
    test += side == Part::Test;
  }
  EXPECT_EQ(task->validation.texts.size(), validation);
  EXPECT_EQ(task->test.texts.size(), test);
  for (std::size_t i = 0; i < test; ++i) {
    EXPECT_EQ(task->sides[task->test.answers[i]], Part::Test);
    EXPECT_EQ(task->test.texts[i], fmt::format("they saw kind {} running", task->test.answers[i]));
  }
}

TEST(WordnetTask, WithoutExamplesThereIsNothingToAsk) {
  const auto task = WordnetTask::of(small_wordnet(false));
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error().code(), Code::FailedPrecondition);
  EXPECT_THAT(task.error().message(), HasSubstr("has an example sentence"));
}

TEST(WordnetTask, AMissingColumnIsNamed) {
  const auto task = WordnetTask::of(Items::of("text", std::vector<std::string>{"a"}));
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error().message(), HasSubstr("synset"));
}

TEST(WordnetBm25, TheScoreOfAPairIsThatOfTheSearch) {
  const auto task = WordnetTask::of(small_wordnet());
  ASSERT_TRUE(task);
  quiver::Run run;
  auto bm25 = WordnetBm25::create(*task);
  ASSERT_TRUE(bm25) << bm25.error().message();
  ASSERT_TRUE(bm25->use({.k1 = 0.9F, .b = 0.4F}, run));
  const auto queries = bm25->queries(task->test.texts);
  ASSERT_TRUE(queries);
  const auto hits = bm25->search(*queries, 5, run);
  ASSERT_TRUE(hits);
  std::size_t compared = 0;
  for (std::size_t query = 0; query < hits->queries(); ++query) {
    ASSERT_FALSE(hits->of(query).empty());
    EXPECT_EQ(hits->of(query)[0].row, task->test.answers[query]);  // only that entry has the number
    for (const Hit& hit : hits->of(query)) {
      EXPECT_NEAR(bm25->score(*queries, query, hit.row), -hit.distance, 1e-4);
      ++compared;
    }
  }
  EXPECT_GT(compared, task->test.texts.size());
}

TEST(WordnetBm25, WordsNoEntryHasAreNoQuery) {
  const auto task = WordnetTask::of(small_wordnet());
  ASSERT_TRUE(task);
  quiver::Run run;
  auto bm25 = WordnetBm25::create(*task);
  ASSERT_TRUE(bm25);
  ASSERT_TRUE(bm25->use({}, run));
  const auto queries = bm25->queries(std::vector<std::string>{"xylophone", ""});
  ASSERT_TRUE(queries);
  EXPECT_TRUE(queries->terms.empty());
  const auto hits = bm25->search(*queries, 5, run);
  ASSERT_TRUE(hits);
  EXPECT_EQ(hits->counts, (std::vector<std::uint32_t>{0, 0}));
}

TEST(CompareOnWordnet, PerfectPartsGiveAPerfectFusionAndTheSameNumbersTwice) {
  const auto task = WordnetTask::of(small_wordnet());
  ASSERT_TRUE(task);
  quiver::Run run;
  const auto result = compare_on_wordnet(*task, all_vectors(*task), run);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(result->arms.size(), 3u);
  for (const WordnetArm& arm : result->arms) {
    ASSERT_EQ(arm.mrr_10.size(), task->test.texts.size()) << arm.name;
    EXPECT_DOUBLE_EQ(mean_of(arm.mrr_10), 1.0) << arm.name;
    EXPECT_DOUBLE_EQ(mean_of(arm.recall_100), 1.0) << arm.name;
  }
  EXPECT_DOUBLE_EQ(result->encoder_over_bm25.mean, 0.0);
  const auto again = compare_on_wordnet(*task, all_vectors(*task), run);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again, 1), to_json(*result, 1));
}

TEST(CompareOnWordnet, AnEncoderThatKnowsNothingLosesAndFusingMendsIt) {
  const auto task = WordnetTask::of(small_wordnet());
  ASSERT_TRUE(task);
  quiver::Run run;
  WordnetVectors vectors = all_vectors(*task);
  std::vector<std::uint32_t> wrong(task->test.answers.size()), wrong_too(task->validation.answers.size());
  for (std::size_t i = 0; i < wrong.size(); ++i) wrong[i] = (task->test.answers[i] + 100) % kSynsets;
  for (std::size_t i = 0; i < wrong_too.size(); ++i) wrong_too[i] = (task->validation.answers[i] + 100) % kSynsets;
  vectors.test = vectors_for(wrong);
  vectors.validation = vectors_for(wrong_too);
  const auto result = compare_on_wordnet(*task, vectors, run);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_LT(result->encoder_over_bm25.high, 0);
  EXPECT_GT(mean_of(result->arms[2].recall_10), mean_of(result->arms[0].recall_10));
  // Texts of one's own are ranked as the arm was.
  const auto index = build_index(IndexSpec{}, vectors.entries, {}, run);
  ASSERT_TRUE(index);
  const auto hits = search_fused(*task, *result, **index, vectors.entries, task->test.texts, vectors.test, 100, run);
  ASSERT_TRUE(hits) << hits.error().message();
  EXPECT_EQ(reciprocal_rank(*hits, Relevance::single(task->test.answers), 10), result->arms[2].mrr_10);
  EXPECT_LT(hits->of(0)[0].distance, -0.2F);  // of the right entry: BM25's part alone is the whole weight
  const Json json = to_json(*result, 1);
  EXPECT_EQ(json["test_queries"], task->test.texts.size());
  EXPECT_LT(json["differences"]["encoder - bm25"]["mrr@10"]["mean"].get<double>(), 0);
}

}  // namespace
}  // namespace quiver::recipes
