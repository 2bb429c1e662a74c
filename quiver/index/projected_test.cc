// An index over short vectors (+ pca(160), + leanvec(160)): what it returns are distances of the full rows, whatever
// the metric and wherever the rows lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/container.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/testing.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kProjectedSeed = 17;
constexpr std::size_t kProjectedDims = 48;
constexpr const char* kStructures[] = {"flat", "hnsw(12,80)"};

Result<std::unique_ptr<Index>> projected(const std::string& spec, MatrixView base, Metric metric,
                                         MatrixView sample_queries = {}) {
  quiver::Run run({.seed = kProjectedSeed, .threads = 1});
  QUIVER_TRY(const IndexSpec parsed, IndexSpec::parse(spec));
  return build_index(parsed, base, Space{.id = "", .dims = base.cols, .metric = metric}, sample_queries, run);
}
std::unique_ptr<Index> made(const std::string& spec, MatrixView base, Metric metric, MatrixView sample_queries = {}) {
  auto index = projected(spec, base, metric, sample_queries);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}
Hits asked(const Index& index, const RowsView& queries, const SearchParams& params) {
  quiver::Run run({.threads = 2});
  auto hits = index.search_batch(queries, params, run);
  EXPECT_TRUE(hits.has_value()) << hits.error().message();
  return *std::move(hits);
}
// Far from the origin, so that a mean that is mixed up between rows, queries and metrics changes the order.
Matrix off_centre(std::size_t rows, std::uint64_t stream) {
  Matrix out = internal::clustered(rows, kProjectedDims, kProjectedSeed, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t d = 0; d < kProjectedDims; ++d) out.row(i)[d] += d % 2 == 0 ? 3.0F : -1.0F;
  }
  return out;
}

TEST(ProjectedIndex, FindsWhatAScanFindsWhereverTheRowsLie) {
  const Matrix base = off_centre(3000, 0), queries = off_centre(60, 1);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const auto exact = made("flat", base.view(), metric);
    const GroundTruth truth{asked(*exact, queries.view(), {.k = 10})};
    for (const std::string structure : kStructures) {
      for (const char* shorter : {" + pca(24) + lvq(8)", " + pca(24)", " + leanvec(24) + lvq(8)", " + pca(48) + f16"}) {
        if (metric == Metric::L2 && std::string_view(shorter).starts_with(" + leanvec")) continue;  // keeps products
        const auto index = made(structure + shorter + " + rerank(f32)", base.view(), metric, queries.view());
        const Hits hits = asked(*index, queries.view(), {.k = 10, .rerank = 100, .effort = 200});
        // At full length only the 8 bits of a query and the graph can lose anything.
        const bool exactly = structure == "flat" && std::string_view(shorter).starts_with(" + pca(48)");
        EXPECT_GE(truth.recall(hits, 10), exactly ? 0.999 : 0.9) << index->spec() << " " << name_of(metric);
      }
    }
  }
}

TEST(ProjectedIndex, GivesTheDistancesOfTheFullRowsInAnyWay) {
  const Matrix base = off_centre(700, 0), queries = off_centre(20, 1);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const auto exact = made("flat + lvq(8)", base.view(), metric);
    const Hits all = asked(*exact, queries.view(), {.k = 700});
    for (const std::string structure : kStructures) {
      const auto index = made(structure + " + pca(16) + lvq(8) + rerank(lvq(8))", base.view(), metric);
      EXPECT_EQ(index->space(), exact->space());
      const Hits hits = asked(*index, queries.view(), {.k = 10, .effort = 12});
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        ASSERT_EQ(hits.of(q).size(), 10U);
        for (const Hit& hit : hits.of(q)) EXPECT_EQ(std::ranges::count(all.of(q), hit), 1) << structure;
        Scratch scratch;
        std::vector<Hit> single(10);
        const auto count = index->search(queries.view().slice(q, 1), {.k = 10, .effort = 12}, scratch, single);
        ASSERT_TRUE(count.has_value()) << count.error().message();
        EXPECT_TRUE(std::ranges::equal(single, hits.of(q))) << structure << " " << name_of(metric);
      }
    }
  }
}

TEST(ProjectedIndex, ScoresEveryCandidateAgainAndCountsIt) {
  const Matrix base = off_centre(900, 0), queries = off_centre(1, 1);
  const auto index = made("flat + pca(16) + lvq(8) + rerank(f32)", base.view(), Metric::L2);
  quiver::Run run({.threads = 1});
  SearchStats stats;
  ASSERT_TRUE(index->search_batch(queries.view(), {.k = 10}, run, &stats).has_value());
  EXPECT_EQ(stats.reranked, 64U);
  EXPECT_EQ(stats.distances, 900U + 64);
}

TEST(ProjectedIndex, LearnsFromQueriesThatDifferFromTheRows) {
  Matrix base(4000, kProjectedDims), queries(1200, kProjectedDims);
  for (Matrix* rows : {&base, &queries}) {
    Random random(kProjectedSeed, rows == &base ? 1 : 2);
    for (std::size_t i = 0; i < rows->rows(); ++i) {
      for (std::size_t d = 0; d < kProjectedDims; ++d) {  // queries see what varies least among the rows
        const bool narrow = d >= 32;
        rows->row(i)[d] = (rows == &base ? (narrow ? 0.6F : 1.0F) : (narrow ? 1.5F : 0.1F)) * random.normal();
      }
    }
  }
  const MatrixView learn = queries.view().slice(0, 1000), test = queries.view().slice(1000, 200);
  const GroundTruth truth{asked(*made("flat", base.view(), Metric::Dot), test, {.k = 10})};
  const auto recall = [&](const char* spec) {
    return truth.recall(asked(*made(spec, base.view(), Metric::Dot, learn), test, {.k = 10, .effort = 64}), 10);
  };
  EXPECT_GT(recall("flat + leanvec(16) + lvq(8) + rerank(f32)"), recall("flat + pca(16) + lvq(8) + rerank(f32)") + 0.2)
      << "seed " << kProjectedSeed;
  EXPECT_GT(recall("hnsw + leanvec(16) + lvq(8) + rerank(f32)"), recall("flat + pca(16) + lvq(8) + rerank(f32)") + 0.2);
}

TEST(ProjectedIndex, ComesBackFromItsFileAndGrows) {
  const TemporaryFolder folder;
  const Matrix base = off_centre(600, 0), more = off_centre(50, 2), queries = off_centre(30, 1);
  for (const std::string structure : kStructures) {
    for (const char* projection : {" + pca(20)", " + leanvec(20)", " + random(20)"}) {
      const auto index =
          made(structure + projection + " + lvq(8) + rerank(f16)", base.view(), Metric::Cosine, queries.view());
      ASSERT_TRUE(index->add(more.view()).has_value());
      ASSERT_TRUE(index->save(folder.path() / "short.qvi").has_value());
      const auto opened = open_index(folder.path() / "short.qvi");
      ASSERT_TRUE(opened.has_value()) << opened.error().message();
      EXPECT_EQ((*opened)->spec(), index->spec());
      EXPECT_EQ((*opened)->space(), index->space());
      EXPECT_EQ((*opened)->bytes(), index->bytes());
      const SearchParams params{.k = 5, .rerank = 650, .effort = 650};
      EXPECT_EQ(asked(**opened, queries.view(), params).hits, asked(*index, queries.view(), params).hits);
      const Hits themselves = asked(**opened, more.view(), params);
      for (std::uint32_t i = 0; i < more.rows(); ++i) EXPECT_EQ(themselves.of(i)[0].row, 600 + i) << index->spec();
    }
  }
}

TEST(ProjectedIndex, TakesRowsAndQueriesOfOtherElements) {
  const Matrix base = off_centre(500, 0), queries = off_centre(20, 1);
  const auto halves = to_element(base.view(), Element::F16), half_queries = to_element(queries.view(), Element::F16);
  ASSERT_TRUE(halves.has_value() && half_queries.has_value());
  quiver::Run run({.seed = kProjectedSeed, .threads = 1});
  const auto index = build_index(*IndexSpec::parse("hnsw + pca(24) + lvq(8) + rerank(f16)"), halves->view(),
                                 Space{.id = "", .dims = kProjectedDims, .metric = Metric::L2}, {}, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  const auto exact =
      build_index({}, halves->view(), Space{.id = "", .dims = kProjectedDims, .metric = Metric::L2}, {}, run);
  ASSERT_TRUE(exact.has_value()) << exact.error().message();
  const Hits all = asked(**exact, half_queries->view(), {.k = 5});
  EXPECT_EQ(asked(**index, half_queries->view(), {.k = 5, .rerank = 500, .effort = 500}).hits, all.hits);
}

TEST(ProjectedIndex, ZeroAndTinyVectorsAreAnsweredByCosine) {
  Matrix base = off_centre(200, 0), queries = off_centre(3, 1);
  std::ranges::fill(base.row(7), 0.0F);
  std::ranges::fill(queries.row(0), 0.0F);
  for (float& x : queries.row(1)) x *= 1e-30F;
  const auto index = made("flat + pca(8) + rerank(f32)", base.view(), Metric::Cosine);
  const Hits hits = asked(*index, queries.view(), {.k = 3, .rerank = 200});
  for (std::size_t q = 0; q < 3; ++q) {
    ASSERT_EQ(hits.of(q).size(), 3U);
    for (const Hit& hit : hits.of(q)) EXPECT_TRUE(std::isfinite(hit.distance));
  }
}

TEST(ProjectedIndex, SaysWhatIsWrong) {
  const Matrix base = off_centre(40, 0), alike = internal::all_alike(40, 8, 2.5F);
  const auto refusal = [&](const std::string& spec, Metric metric, MatrixView rows, MatrixView queries = {}) {
    const auto index = projected(spec, rows, metric, queries);
    EXPECT_FALSE(index.has_value()) << spec;
    return index.has_value() ? "" : index.error().message();
  };
  const std::string end = " + lvq(8) + rerank(lvq(8))";
  EXPECT_THAT(refusal("flat + leanvec(8)" + end, Metric::Dot, base.view()), HasSubstr("learns from queries"));
  EXPECT_THAT(refusal("flat + pca(49)" + end, Metric::L2, base.view()), HasSubstr("the vectors have 48 dims"));
  EXPECT_THAT(refusal("hnsw + pca(41)" + end, Metric::L2, base.view()), HasSubstr("40 rows cannot tell 41 directions"));
  EXPECT_THAT(refusal("flat + pca(4) + rerank(f32)", Metric::Manhattan, base.view()), HasSubstr("manhattan"));
  EXPECT_THAT(refusal("flat + sphering(4) + rerank(f32)", Metric::L2, base.view(), base.view()), HasSubstr("sphering"));
  EXPECT_THAT(refusal("flat + pca(4)" + end, Metric::L2, base.view().slice(0, 0)), HasSubstr("no rows to learn from"));
  EXPECT_THAT(refusal("flat + pca(4)" + end, Metric::L2, alike.view()), HasSubstr("all alike"));
  Matrix broken = off_centre(40, 0);
  broken.row(3)[5] = NAN;
  EXPECT_THAT(refusal("flat + pca(4)" + end, Metric::L2, broken.view()), HasSubstr("row 3, column 5"));

  const auto index = made("hnsw + pca(8)" + end, base.view(), Metric::L2);
  quiver::Run run({.threads = 1});
  Scratch scratch;
  std::vector<Hit> out(3);
  const Matrix longer(1, 49);
  for (const MatrixView queries : {broken.view().slice(3, 1), longer.view()}) {
    EXPECT_FALSE(index->search(queries, {.k = 3}, scratch, out).has_value());
    EXPECT_FALSE(index->search_batch(queries, {.k = 3}, run).has_value());
    EXPECT_FALSE(index->add(queries).has_value());
    EXPECT_EQ(index->size(), 40U);
  }
}

TEST(ProjectedIndex, AHeaderThatNamesAnotherProjectionIsCorruption) {
  const TemporaryFolder folder;
  const Matrix base = off_centre(40, 0);
  ASSERT_TRUE(made("flat + pca(8) + rerank(f32)", base.view(), Metric::L2)->save(folder.path() / "a.qvi").has_value());
  const auto file = Container::open(folder.path() / "a.qvi", "index");
  ASSERT_TRUE(file.has_value());
  for (const char* other : {"pca(9)", "es(8)"}) {
    ContainerWriter writer("index");
    for (const std::string& name : file->names()) {
      std::string text(*file->text(name));
      if (name == "index") text.replace(text.find("pca(8)"), 6, other);
      writer.add(name, std::move(text));
    }
    ASSERT_TRUE(writer.save(folder.path() / "b.qvi").has_value());
    const auto opened = open_index(folder.path() / "b.qvi");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code(), Code::Corruption);
    EXPECT_THAT(opened.error().message(), HasSubstr("build the index again"));
  }
}

}  // namespace
}  // namespace quiver
