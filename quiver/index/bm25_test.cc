#include "quiver/index/bm25.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/index/sparse.h"

namespace quiver {
namespace {

// Four documents over five terms, as counts.
SparseRows counts() {
  SparseRows rows;
  rows.dims = 5;
  rows.offsets = {0, 2, 4, 5, 5};
  rows.terms = {0, 1, 1, 2, 3};
  rows.weights = {3, 1, 1, 2, 1};
  return rows;
}

// The formula, term by term, with nothing shared with the class.
double score(const SparseRows& documents, std::size_t d, const std::vector<std::pair<std::uint32_t, double>>& query,
             double k1, double b) {
  const double n = static_cast<double>(documents.offsets.size() - 1);
  double total = 0;
  for (const float w : documents.weights) total += w;
  double length = 0;
  for (std::uint32_t j = documents.offsets[d]; j < documents.offsets[d + 1]; ++j) length += documents.weights[j];
  double sum = 0;
  for (const auto& [term, qtf] : query) {
    double df = 0, tf = 0;
    for (std::size_t i = 0; i + 1 < documents.offsets.size(); ++i) {
      for (std::uint32_t j = documents.offsets[i]; j < documents.offsets[i + 1]; ++j) {
        if (documents.terms[j] != term) continue;
        df += 1;
        if (i == d) tf = documents.weights[j];
      }
    }
    const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
    if (tf > 0) sum += qtf * idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / (total / n)));
  }
  return sum;
}

TEST(Bm25, ScoresAreTheFormula) {
  const SparseRows documents = counts();
  const Bm25 bm25 = Bm25::of(documents.view());
  EXPECT_DOUBLE_EQ(bm25.average_length(), 2);
  SparseRows queries;
  queries.dims = 5;
  queries.offsets = {0, 3};
  queries.terms = {0, 1, 4};
  queries.weights = {1, 2, 1};
  quiver::Run run({.threads = 1});
  for (const Bm25Options options : {Bm25Options{}, Bm25Options{.k1 = 0.9F, .b = 0.4F}, Bm25Options{.k1 = 2, .b = 0}}) {
    const SparseRows impacts = bm25.impacts(options);
    const auto index = SparseIndex::build(impacts.view(), {.id = "", .dims = 5, .metric = Metric::Dot}, run);
    ASSERT_TRUE(index.has_value()) << index.error().message();
    const auto hits = (*index)->search_batch(queries.view(), {.k = 10}, run);
    ASSERT_TRUE(hits.has_value());
    ASSERT_EQ(hits->of(0).size(), 2U);  // documents 2 and 3 share no term with the query
    for (const Hit& hit : hits->of(0)) {
      const double expected = score(documents, hit.row, {{0, 1}, {1, 2}, {4, 1}}, options.k1, options.b);
      EXPECT_NEAR(-hit.distance, expected, 1e-5 * expected);
    }
  }
}

TEST(Bm25, IdfIsPositiveAndFallsWithFrequency) {
  const SparseRows documents = counts();
  const Bm25 bm25 = Bm25::of(documents.view());
  EXPECT_GT(bm25.idf(0), bm25.idf(1));
  EXPECT_GT(bm25.idf(1), 0);
  EXPECT_GT(bm25.idf(4), bm25.idf(0));         // in no document
  EXPECT_FLOAT_EQ(bm25.idf(99), bm25.idf(4));  // beyond the vocabulary
}

TEST(Bm25, NoDocumentsGiveNoImpacts) {
  SparseRows none;
  none.dims = 3;
  EXPECT_TRUE(Bm25::of(none.view()).impacts().terms.empty());
  SparseRows empty;
  empty.dims = 3;
  empty.offsets = {0, 0, 0};
  EXPECT_EQ(Bm25::of(empty.view()).impacts().offsets.size(), 3U);
}

}  // namespace
}  // namespace quiver
