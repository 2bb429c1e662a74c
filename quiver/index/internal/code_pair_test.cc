#include "quiver/index/internal/code_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;

// Coordinates that matter less and less, so that prefixes mean something.
Matrix rows_of(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (std::size_t j = 0; j < dims; ++j) out.row(i)[j] = random.normal() / static_cast<float>(1 + j / 4);
  }
  return out;
}
std::unique_ptr<Index> built(const char* spec, const Matrix& base, Metric metric, const Matrix& queries = Matrix()) {
  quiver::Run run({.threads = 2});
  const Space space{.id = "qv:1", .dims = base.cols(), .metric = metric};
  auto index = build_index(*IndexSpec::parse(spec), base.view(), space, queries.view(), run);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}
std::vector<Hit> nearest(const Index& index, const Matrix& query, const SearchParams& params,
                         SearchStats* stats = nullptr) {
  Scratch scratch;
  std::vector<Hit> hits(params.k);
  const auto found = index.search(query.view(), params, scratch, hits, stats);
  EXPECT_TRUE(found.has_value()) << found.error().message();
  hits.resize(found.has_value() ? *found : 0);
  return hits;
}
std::set<std::uint32_t> rows_in(const std::vector<Hit>& hits) {
  std::set<std::uint32_t> rows;
  for (const Hit& hit : hits) rows.insert(hit.row);
  return rows;
}

constexpr Metric kScored[] = {Metric::L2, Metric::Dot, Metric::Cosine};
constexpr std::uint32_t kRows = 600;

// With all rows as candidates the coarser levels decide nothing.
TEST(CodePair, AskedForAllRowsItIsTheLastLevel) {
  const Matrix base = rows_of(kRows, 24, 1);
  for (const Metric metric : kScored) {
    const auto exact = built("flat", base, metric), fine = built("flat + lvq(4,8)", base, metric);
    const auto funnel = built("funnel(4,8,12) + f32", base, metric);
    const auto turned = built("flat + pca(6) + lvq(4) + rerank(pca(12) + lvq(8)) + rerank(f32)", base, metric);
    for (std::uint64_t q = 0; q < 10; ++q) {
      const Matrix query = rows_of(1, 24, 100 + q);
      const SearchParams all{.k = 10, .rerank = kRows};
      const std::vector<Hit> truth = nearest(*exact, query, all);
      EXPECT_EQ(nearest(*turned, query, {.k = kRows, .rerank = kRows}).size(), kRows);
      const std::vector<Hit> whole = nearest(*exact, query, {.k = kRows});
      EXPECT_EQ(nearest(*funnel, query, {.k = kRows, .rerank = kRows}), whole) << "query " << q;
      EXPECT_EQ(nearest(*turned, query, {.k = kRows, .rerank = kRows}), whole) << "query " << q;
      EXPECT_EQ(rows_in(nearest(*fine, query, all)), rows_in(truth)) << "query " << q;
    }
  }
}

TEST(CodePair, TwoLevelsScanTheFirstAndOrderByBoth) {
  const Matrix base = rows_of(kRows, 32, 2), query = rows_of(1, 32, 3);
  for (const Metric metric : kScored) {
    const auto two = built("flat + lvq(4,8)", base, metric), coarse = built("flat + lvq(4)", base, metric);
    SearchStats stats;
    const std::vector<Hit> hits = nearest(*two, query, {.k = 5}, &stats);
    EXPECT_EQ(stats.reranked, 64U);
    const std::size_t constants = metric == Metric::Dot ? 8 : 12, finer = metric == Metric::Dot ? 0 : 4;
    EXPECT_EQ(stats.bytes_read, kRows * (16 + constants) + 64 * (16 + constants + 32 + finer));
    EXPECT_EQ(two->bytes(), kRows * (16 + constants + 32 + finer) + 32 * sizeof(float));
    const std::set<std::uint32_t> candidates = rows_in(nearest(*coarse, query, {.k = 64}));
    for (const Hit& hit : hits) EXPECT_TRUE(candidates.contains(hit.row));
  }
}

TEST(CodePair, AGraphWalksTheFirstLevel) {
  const Matrix base = rows_of(kRows, 16, 4);
  const auto graph = built("hnsw + lvq(4,8)", base, Metric::L2), exact = built("flat", base, Metric::L2);
  std::size_t found = 0;
  for (std::uint64_t q = 0; q < 20; ++q) {
    const Matrix query = rows_of(1, 16, 200 + q);
    const std::set<std::uint32_t> truth = rows_in(nearest(*exact, query, {.k = 10}));
    for (const Hit& hit : nearest(*graph, query, {.k = 10, .effort = 100})) found += truth.contains(hit.row) ? 1U : 0U;
  }
  EXPECT_GE(found, 190U) << "seed 4";
}

TEST(CodePair, EachLevelKeepsFewer) {
  const Matrix base = rows_of(kRows, 24, 5), query = rows_of(1, 24, 6);
  const auto funnel = built("funnel(4,8,16) + f32", base, Metric::L2);
  SearchStats stats;
  nearest(*funnel, query, {.k = 10, .rerank = 270}, &stats);
  // 270 by 8 coordinates, 10 * 27^(2/3) = 90 by 16, 30 by all.
  EXPECT_EQ(stats.reranked, 270U + 90 + 30);
  EXPECT_EQ(stats.distances, kRows + 270U + 90 + 30);
  EXPECT_EQ(stats.bytes_read, kRows * 16U + 270 * 32 + 90 * 64 + 30 * 96);
  EXPECT_EQ(nearest(*funnel, query, {.k = 10, .rerank = 3}, &stats).size(), 10U);
}

TEST(CodePair, ChainsAreSavedAndGrow) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "quiver_code_pair.qvi";
  const Matrix base = rows_of(200, 12, 7), more = rows_of(40, 12, 8), query = rows_of(1, 12, 9);
  for (const char* spec : {"funnel(4,8) + lvq(8)", "flat + pca(4) + lvq(4,8) + rerank(f16) + rerank(f32)",
                           "hnsw(8,40) + prefix(6) + lvq(4,4)"}) {
    const auto index = built(spec, base, Metric::Cosine);
    ASSERT_TRUE(index->add(more.view()).has_value());
    ASSERT_TRUE(index->save(path).has_value());
    const auto again = open_index(path);
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ((*again)->spec(), index->spec());
    EXPECT_EQ((*again)->bytes(), index->bytes());
    EXPECT_EQ(nearest(**again, query, {.k = 20}), nearest(*index, query, {.k = 20})) << spec << ", seeds 7 to 9";
    Matrix bad = rows_of(2, 12, 10);
    bad.row(1)[3] = NAN;
    EXPECT_FALSE((*again)->add(bad.view()).has_value());
    EXPECT_EQ((*again)->size(), 240U);
  }
  std::filesystem::remove(path);
}

TEST(CodePair, StepsThatLearnFromQueriesGetThem) {
  const Matrix base = rows_of(300, 16, 11), queries = rows_of(100, 16, 12);
  const auto index = built("flat + leanvec(8) + lvq(8) + rerank(f16)", base, Metric::Dot, queries);
  EXPECT_EQ(index->spec(), "flat + leanvec(8) + lvq(8) + rerank(f16)");
  quiver::Run run({.threads = 1});
  const Space space{.id = "", .dims = 16, .metric = Metric::Dot};
  const auto spec = *IndexSpec::parse("flat + leanvec(8) + lvq(8)");
  EXPECT_THAT(build_index(spec, base.view(), space, {}, run).error().message(), HasSubstr("give a sample of them"));
  const auto chain = *IndexSpec::parse("graph + rerank(f16) + rerank(f32)");
  EXPECT_THAT(build_index(chain, base.view(), space, {}, run).error().message(), HasSubstr("one rerank(...)"));
}

}  // namespace
}  // namespace quiver
