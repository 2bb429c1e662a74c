#include "quiver/learn/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/core/random.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kEvaluationSeed = 23;

Matrix random_rows(std::size_t rows, std::size_t cols, std::string_view name) {
  Random random(kEvaluationSeed, stream_of(name));
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = random.normal();
  }
  normalize_rows(out);
  return out;
}

// Rank of the answer by plain loops over the first `dims` coordinates, each prefix made unit length.
std::size_t rank_of(const Matrix& entries, std::span<const float> query, std::uint32_t answer, std::size_t dims) {
  const auto score = [&](std::size_t row) {
    double dot = 0, norm = 0;
    for (std::size_t j = 0; j < dims; ++j) {
      dot += double{query[j]} * entries.row(row)[j];
      norm += double{entries.row(row)[j]} * entries.row(row)[j];
    }
    return dot / std::sqrt(norm);
  };
  std::size_t better = 0;
  for (std::size_t row = 0; row < entries.rows(); ++row) better += score(row) > score(answer);
  return better + 1;
}

TEST(EvaluatorTest, AgreesWithPlainLoopsAtEveryLength) {
  Matrix entries = random_rows(300, 12, "entries"), queries = random_rows(40, 12, "queries");
  std::vector<std::uint32_t> answers;
  for (std::uint32_t i = 0; i < 40; ++i) {
    answers.push_back(7 * i % 300);
    for (std::size_t j = 0; j < 12; ++j)
      queries.row(i)[j] = 0.8F * queries.row(i)[j] + 0.5F * entries.row(answers[i])[j];
  }
  const std::vector<std::size_t> dims{5, 12};
  std::vector<double> mrr(2), r10(2), r100(2);
  for (std::size_t d = 0; d < 2; ++d) {
    for (std::uint32_t i = 0; i < 40; ++i) {
      const std::size_t rank = rank_of(entries, queries.row(i), answers[i], dims[d]);
      mrr[d] += rank <= 10 ? 1.0 / static_cast<double>(rank) / 40 : 0;
      r10[d] += rank <= 10 ? 1.0 / 40 : 0;
      r100[d] += rank <= 100 ? 1.0 / 40 : 0;
    }
  }
  quiver::Run run({.threads = 2});
  const Space space{.dims = 12, .metric = Metric::Cosine};
  const auto scores = evaluate_retrieval(Rows::dense(std::move(queries), space), Rows::dense(std::move(entries), space),
                                         answers, dims, run);
  ASSERT_TRUE(scores.has_value()) << scores.error().message();
  for (std::size_t d = 0; d < 2; ++d) {
    EXPECT_EQ((*scores)[d].dims, dims[d]);
    EXPECT_NEAR((*scores)[d].mrr_10.mean, mrr[d], 1e-9) << "seed " << kEvaluationSeed;
    EXPECT_NEAR((*scores)[d].recall_10.mean, r10[d], 1e-9);
    EXPECT_NEAR((*scores)[d].recall_100.mean, r100[d], 1e-9);
    EXPECT_LE((*scores)[d].mrr_10.low, mrr[d]);
    EXPECT_GE((*scores)[d].mrr_10.high, mrr[d]);
  }
}

TEST(EvaluatorTest, RefusesWhatDoesNotFit) {
  quiver::Run run({.threads = 1});
  const Space space{.dims = 4};
  const Rows entries = Rows::dense(random_rows(5, 4, "a"), space), queries = Rows::dense(random_rows(2, 4, "b"), space);
  const auto message = [&](const Rows& left, std::vector<std::uint32_t> answers, std::vector<std::size_t> dims) {
    return evaluate_retrieval(left, entries, answers, dims, run).error().message();
  };
  EXPECT_THAT(message(queries, {1}, {4}), HasSubstr("2 queries with 1 answers"));
  EXPECT_THAT(message(queries, {1, 5}, {4}), HasSubstr("the answer of query 1 is row 5 of 5 entries"));
  EXPECT_THAT(message(queries, {1, 2}, {0}), HasSubstr("at 0 dimensions; the vectors have 4"));
  EXPECT_THAT(message(queries, {1, 2}, {5}), HasSubstr("at 5 dimensions"));
  EXPECT_FALSE(message(Rows::dense(random_rows(2, 3, "c"), {.dims = 3}), {1, 2}, {3}).empty());
}

}  // namespace
}  // namespace quiver::learn
