#include "quiver/index/sparse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/temporary_folder.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

const Space kSpace{.id = "", .dims = 5, .metric = Metric::Dot, .prefix_of = "", .prefix_dims = 0};

SparseRows rows_of(std::initializer_list<std::initializer_list<std::pair<std::uint32_t, float>>> rows,
                   std::size_t dims = 5) {
  SparseRows out;
  out.dims = dims;
  for (const auto& row : rows) {
    for (const auto& [term, weight] : row) {
      out.terms.push_back(term);
      out.weights.push_back(weight);
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  return out;
}
std::vector<Hit> nearest(const Index& index, const SparseRows& query, const SearchParams& params) {
  Scratch scratch;
  std::vector<Hit> hits(params.k);
  const auto found = index.search(query.view(), params, scratch, hits);
  EXPECT_TRUE(found.has_value()) << found.error().message();
  hits.resize(found.has_value() ? *found : 0);
  return hits;
}

TEST(Sparse, RanksByInnerProductAndLeavesOutStrangers) {
  quiver::Run run({.threads = 2});
  const SparseRows base = rows_of({{{0, 1.0F}, {2, 2.0F}}, {{1, 5.0F}}, {{2, 1.0F}}, {}, {{2, 1.0F}, {4, -1.0F}}});
  const auto index = SparseIndex::build(base.view(), kSpace, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  EXPECT_THAT(nearest(**index, rows_of({{{2, 3.0F}}}), {.k = 9}), ElementsAre(Hit{0, -6}, Hit{2, -3}, Hit{4, -3}));
  EXPECT_THAT(nearest(**index, rows_of({{{2, 1.0F}, {4, 1.0F}}}), {.k = 9}), ElementsAre(Hit{0, -2}, Hit{2, -1}));
  EXPECT_THAT(nearest(**index, rows_of({{{4, 1.0F}}}), {.k = 9}), ElementsAre(Hit{4, 1}));
  EXPECT_THAT(nearest(**index, rows_of({{{77, 1.0F}}}, 100), {.k = 9}), ElementsAre());
  EXPECT_THAT(nearest(**index, rows_of({{}}), {.k = 9}), ElementsAre());
  EXPECT_EQ((*index)->bytes(), 6U * 8 + 6U * 8);
  EXPECT_EQ((*index)->spec(), "sparse");
}

TEST(Sparse, CompactingRewritesTheLists) {
  quiver::Run run({.threads = 2});
  const SparseRows base = rows_of({{{0, 1.0F}, {2, 2.0F}}, {{1, 5.0F}}, {{2, 1.0F}}, {}, {{2, 3.0F}, {4, -1.0F}}});
  const auto index = *SparseIndex::build(base.view(), kSpace, run);
  EXPECT_THAT(*index->compact(run), ElementsAre(0, 1, 2, 3, 4)) << "nothing was removed";
  const std::uint32_t gone[] = {1, 2};
  ASSERT_TRUE(index->remove(gone).has_value());
  const SparseRows query = rows_of({{{1, 1.0F}, {2, 3.0F}}});
  EXPECT_THAT(nearest(*index, query, {.k = 3}), ElementsAre(Hit{4, -9}, Hit{0, -6}));
  quiver::Run cancelled;
  cancelled.cancel();
  EXPECT_EQ(index->compact(cancelled).error().code(), Code::Cancelled);
  EXPECT_EQ(index->size(), 5U);

  EXPECT_THAT(*index->compact(run), ElementsAre(0, 3, 4));
  EXPECT_EQ(index->size(), 3U);
  EXPECT_EQ(index->live(), 3U);
  EXPECT_EQ(index->bytes(), 6U * 8 + 4U * 8) << "the entries of three rows";
  EXPECT_THAT(nearest(*index, query, {.k = 3}), ElementsAre(Hit{2, -9}, Hit{0, -6}));
  const SparseRows more = rows_of({{{1, 2.0F}}});
  ASSERT_TRUE(index->add(more.view()).has_value());
  EXPECT_THAT(nearest(*index, query, {.k = 3}), ElementsAre(Hit{2, -9}, Hit{0, -6}, Hit{3, -2}));
  const TemporaryFolder folder;
  ASSERT_TRUE(index->save(folder.path() / "s.qvi").has_value());
  const auto opened = open_index(folder.path() / "s.qvi");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_THAT(nearest(**opened, query, {.k = 3}), ElementsAre(Hit{2, -9}, Hit{0, -6}, Hit{3, -2}));

  const std::uint32_t all[] = {0, 1, 2, 3};
  ASSERT_TRUE((*opened)->remove(all).has_value());
  EXPECT_THAT(*(*opened)->compact(run), ElementsAre());
  EXPECT_EQ((*opened)->size(), 0U);
  EXPECT_THAT(nearest(**opened, query, {.k = 3}), ElementsAre());
  ASSERT_TRUE((*opened)->add(more.view()).has_value());
  EXPECT_THAT(nearest(**opened, query, {.k = 3}), ElementsAre(Hit{0, -2}));
}

TEST(Sparse, SaysWhatIsWrong) {
  quiver::Run run({.threads = 1});
  const auto message = [&](const RowsView& rows, const Space& space) {
    const auto index = SparseIndex::build(rows, space, run);
    EXPECT_FALSE(index.has_value());
    return index.has_value() ? "" : index.error().message();
  };
  const Matrix dense(1, 5);
  const SparseRows good = rows_of({{{0, 1.0F}}}), nan = rows_of({{{0, 1.0F}}, {{3, NAN}}}),
                   twice = rows_of({{{3, 1.0F}, {3, 1.0F}}}), beyond = rows_of({{{9, 1.0F}}});
  Space l2 = kSpace;
  l2.metric = Metric::L2;
  EXPECT_THAT(message(dense.view(), kSpace), HasSubstr("these are dense"));
  EXPECT_THAT(message(good.view(), l2), HasSubstr("declare the rows' metric dot"));
  EXPECT_THAT(message(nan.view(), kSpace), HasSubstr("row 1, term 3"));
  EXPECT_THAT(message(twice.view(), kSpace), HasSubstr("rise strictly"));
  EXPECT_THAT(message(beyond.view(), kSpace), HasSubstr("has 5 terms"));
  const SparseRows base = rows_of({{{0, 1.0F}}}), two = rows_of({{}, {}}), bad = rows_of({{{0, INFINITY}}});
  const auto index = SparseIndex::build(base.view(), kSpace, run);
  Scratch scratch;
  std::vector<Hit> out(1);
  EXPECT_THAT((*index)->search(two.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("use search_batch"));
  EXPECT_THAT((*index)->search(bad.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("weight inf"));
  EXPECT_FALSE((*index)->add(bad.view()).has_value());
  EXPECT_EQ((*index)->size(), 1U);
  run.cancel();
  EXPECT_EQ((*index)->search_batch(two.view(), {.k = 1}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
