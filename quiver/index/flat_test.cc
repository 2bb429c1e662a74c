#include "quiver/index/flat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

Space space_of(std::size_t dims, Metric metric) {
  return {.id = "qv:1", .dims = dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
}
Matrix matrix_of(std::initializer_list<std::initializer_list<float>> rows) {
  Matrix out(rows.size(), rows.begin()->size());
  std::size_t i = 0;
  for (const auto& row : rows) std::copy(row.begin(), row.end(), out.row(i++).begin());
  return out;
}
std::unique_ptr<Index> built(const char* spec, const Matrix& base, Metric metric) {
  quiver::Run run({.threads = 2});
  auto index = build_index(*IndexSpec::parse(spec), base.view(), space_of(base.cols(), metric), {}, run);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}
std::vector<Hit> nearest(const Index& index, const RowsView& query, const SearchParams& params,
                         SearchStats* stats = nullptr) {
  Scratch scratch;
  std::vector<Hit> hits(params.k);
  const auto found = index.search(query, params, scratch, hits, stats);
  EXPECT_TRUE(found.has_value()) << found.error().message();
  hits.resize(found.has_value() ? *found : 0);
  return hits;
}

class OnlyRow final : public RowFilter {
 public:
  explicit OnlyRow(std::uint32_t row) : row_(row) {}
  bool allows(std::uint32_t row) const noexcept override { return row == row_; }
  double selectivity() const noexcept override { return 0.01; }

 private:
  std::uint32_t row_;
};

TEST(Flat, TiesGoToTheSmallerRow) {
  const auto index = built("flat", matrix_of({{1, 0}, {0, 0}, {0, 1}, {-1, 0}, {0, 0}}), Metric::L2);
  const Matrix query = matrix_of({{0, 0}});
  EXPECT_THAT(nearest(*index, query.view(), {.k = 4}), ElementsAre(Hit{1, 0}, Hit{4, 0}, Hit{0, 1}, Hit{2, 1}));
  EXPECT_THAT(nearest(*index, query.view(), {.k = 0}), ElementsAre());
  EXPECT_EQ(nearest(*index, query.view(), {.k = 99}).size(), 5U);
}

TEST(Flat, RemovedRowsNeverComeBack) {
  const auto index = built("flat", matrix_of({{0, 0}, {1, 0}, {2, 0}}), Metric::L2);
  const std::uint32_t first = 0;
  ASSERT_TRUE(index->remove({&first, 1}).has_value());
  EXPECT_EQ(index->live(), 2U);
  const Matrix query = matrix_of({{0, 0}});
  EXPECT_THAT(nearest(*index, query.view(), {.k = 9}), ElementsAre(Hit{1, 1}, Hit{2, 4}));
  ASSERT_TRUE(index->add(query.view()).has_value());
  EXPECT_THAT(nearest(*index, query.view(), {.k = 1}), ElementsAre(Hit{3, 0}));
}

TEST(Flat, RemovingWhatIsNotThereRemovesNothing) {
  const auto index = built("flat", matrix_of({{0, 0}, {1, 0}}), Metric::L2);
  const std::uint32_t beyond[] = {0, 2}, twice[] = {1, 1};
  EXPECT_THAT(index->remove(beyond).error().message(), HasSubstr("rows 0 .. 1"));
  EXPECT_THAT(index->remove(twice).error().message(), HasSubstr("named twice"));
  EXPECT_EQ(index->live(), 2U);
}

TEST(Flat, AFilterThatAllowsLittleIsAskedFirst) {
  const auto index = built("flat", matrix_of({{0, 0}, {1, 0}, {2, 0}}), Metric::L2);
  const OnlyRow filter(2);
  const Matrix query = matrix_of({{0, 0}});
  SearchStats stats;
  EXPECT_THAT(nearest(*index, query.view(), {.k = 2, .filter = &filter}, &stats), ElementsAre(Hit{2, 4}));
  EXPECT_EQ(stats.plan, "filter first");
  EXPECT_EQ(stats.distances, 1U);
}

TEST(Flat, CountsWhatASearchReads) {
  Matrix base(1000, 64);
  Random random(5);
  for (std::size_t i = 0; i < 1000; ++i) {
    for (float& x : base.row(i)) x = random.normal();
  }
  const auto index = built("flat + lvq(4) + rerank(f32)", base, Metric::L2);
  SearchStats stats;
  nearest(*index, base.view().slice(0, 1), {.k = 3}, &stats);
  EXPECT_EQ(stats.plan, "scan");
  EXPECT_EQ(stats.reranked, 64U);
  EXPECT_EQ(stats.distances, 1064U);
  EXPECT_EQ(stats.bytes_read, 1000U * (32 + 12) + 64U * 256);
  quiver::Run run({.threads = 1});
  SearchStats of_batch;
  ASSERT_TRUE(index->search_batch(base.view().slice(0, 40), {.k = 3}, run, &of_batch).has_value());
  EXPECT_EQ(of_batch.plan, "matrix product");
  EXPECT_EQ(index->bytes(), 1000U * (32 + 12 + 256) + 64 * sizeof(float));
}

TEST(Flat, ZeroVectorsAreAtCosineDistanceOne) {
  const auto index = built("flat", matrix_of({{0, 0}, {-1, 0}, {1, 0}}), Metric::Cosine);
  const Matrix query = matrix_of({{2, 0}});
  EXPECT_THAT(nearest(*index, query.view(), {.k = 3}), ElementsAre(Hit{2, 0}, Hit{0, 1}, Hit{1, 2}));
}

TEST(Flat, SaysWhatIsWrongWithAQuery) {
  const auto index = built("flat", matrix_of({{0, 0}}), Metric::L2);
  Scratch scratch;
  std::vector<Hit> out(1);
  const Matrix longer(1, 3), two(2, 2), bad = matrix_of({{0, NAN}});
  EXPECT_THAT(index->search(longer.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("3 dims"));
  EXPECT_THAT(index->search(two.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("use search_batch"));
  EXPECT_THAT(index->search(bad.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("column 1 is NaN"));
  EXPECT_FALSE(index->search(SparseView{}, {.k = 1}, scratch, out).has_value());
  quiver::Run run({.threads = 1});
  EXPECT_THAT(index->search_batch(bad.view(), {.k = 1}, run).error().message(), HasSubstr("row 0, column 1 is NaN"));
  run.cancel();
  EXPECT_EQ(index->search_batch(two.view(), {.k = 1}, run).error().code(), Code::Cancelled);
}

TEST(Flat, BuildSaysWhatIsWrong) {
  quiver::Run run({.threads = 1});
  SparseRows sparse;
  sparse.dims = 3;
  EXPECT_THAT(build_index({}, sparse.view(), space_of(3, Metric::L2), {}, run).error().message(),
              HasSubstr("takes dense rows"));
  const Matrix none(2, 0);
  EXPECT_THAT(build_index({}, none.view(), space_of(0, Metric::L2), {}, run).error().message(), HasSubstr("0 dims"));
}

TEST(Flat, AFailedAddChangesNothing) {
  const auto index = built("flat + f16 + rerank(i8)", matrix_of({{1, 2}}), Metric::L2);
  const Matrix large = matrix_of({{1000, 0}});
  EXPECT_FALSE(index->add(large.view()).has_value());  // f16 takes it, i8 does not
  EXPECT_EQ(index->size(), 1U);
  const Matrix query = matrix_of({{1, 2}});
  EXPECT_THAT(nearest(*index, query.view(), {.k = 5}), ElementsAre(Hit{0, 0}));
}

TEST(Flat, AnEmptyIndexAnswersNothing) {
  const auto index = built("flat + lvq(8)", Matrix(0, 4), Metric::Dot);
  const Matrix query(1, 4);
  EXPECT_THAT(nearest(*index, query.view(), {.k = 5}), ElementsAre());
  quiver::Run run({.threads = 1});
  const Matrix no_queries(0, 4);
  const auto hits = index->search_batch(no_queries.view(), {.k = 5}, run);
  ASSERT_TRUE(hits.has_value());
  EXPECT_EQ(hits->queries(), 0U);
}

TEST(QueriesFor, ChecksSpacesAndCutsPrefixes) {
  quiver::Run run({.threads = 1});
  const Rows base = Rows::dense(
      matrix_of({{1, 0}}), {.id = "qv:1p2", .dims = 2, .metric = Metric::Dot, .prefix_of = "qv:1", .prefix_dims = 2});
  const auto index = build_index({}, base, {}, run);
  ASSERT_TRUE(index.has_value());
  const Rows whole = Rows::dense(matrix_of({{3, 4, 5}}),
                                 {.id = "qv:1", .dims = 3, .metric = Metric::Dot, .prefix_of = "", .prefix_dims = 0});
  const auto cut = queries_for(**index, whole);
  ASSERT_TRUE(cut.has_value()) << cut.error().message();
  EXPECT_EQ(dims_of(*cut), 2U);
  const Rows other = Rows::dense(matrix_of({{3, 4}}),
                                 {.id = "qv:2", .dims = 2, .metric = Metric::Dot, .prefix_of = "", .prefix_dims = 0});
  EXPECT_EQ(queries_for(**index, other).error().code(), Code::FailedPrecondition);
  const auto long_index = build_index({}, whole, {}, run);
  EXPECT_EQ(queries_for(**long_index, base).error().code(), Code::Unsupported);
}

}  // namespace
}  // namespace quiver
