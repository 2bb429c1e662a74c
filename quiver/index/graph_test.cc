#include "quiver/index/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "quiver/core/container.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/index_testing.h"

namespace quiver {
namespace {
using internal::all_alike;
using internal::all_hits;
using internal::clustered;
using internal::hits_of;
using internal::kQueries;
using internal::kSeed;
using internal::made;
using internal::opened_with;
using internal::recall_beside;
using internal::space_of;
using testing::HasSubstr;

TEST(Graph, FindsWhatAScanFinds) {
  struct {
    std::size_t dims, rows;
  } const shapes[] = {{3, 900}, {17, 1500}, {64, 1100}, {200, 900}};
  for (const auto [dims, rows] : shapes) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
      Matrix base = clustered(rows, dims, kSeed);
      const Matrix queries = clustered(100, dims, kSeed, kQueries);
      if (metric == Metric::Dot) {  // lengths that vary forty times over
        for (std::size_t i = 0; i < rows; ++i) {
          Random random(kSeed, i);
          const float scale = std::exp2(static_cast<float>(random.uniform()) * std::log2(40.0F)) / 8;
          for (float& x : base.row(i)) x *= scale;
        }
      }
      const auto index = made("graph", base.view(), metric);
      const auto exact = made("flat + f16", base.view(), metric);
      const std::string what = std::string(name_of(metric)) + ", " + std::to_string(dims) + " dims";
      SearchStats stats;
      all_hits(*index, queries.view(), {.k = 10}, &stats);
      EXPECT_EQ(stats.plan, "walk");
      EXPECT_LT(stats.bytes_read, 100 * exact->bytes()) << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10}), 0.9) << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.98) << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 100, .recall = 0.99F}), 0.95) << what;
    }
  }
}

// Nine in ten answers are among a few long rows; the cap that other graphs have on such data is not to be met.
TEST(Graph, LengthsThatVaryAThousandTimesHideNothing) {
  Matrix base = clustered(6000, 24, kSeed);
  Random random(kSeed, 9);
  for (std::size_t i = 0; i < base.rows(); ++i) {
    const auto scale = static_cast<float>(std::exp(1.4 * random.normal()));
    for (float& x : base.row(i)) x *= scale;
  }
  const Matrix queries = clustered(200, 24, kSeed, kQueries);
  const auto graph = made("graph", base.view(), Metric::Dot), exact = made("flat + f16", base.view(), Metric::Dot);
  EXPECT_GE(dynamic_cast<const GraphIndex&>(*graph).calibration().back().second, 0.995F);
  EXPECT_GE(recall_beside(*graph, *exact, queries.view(), {.k = 10, .recall = 0.995F}), 0.99) << "seed " << kSeed;
  SearchStats stats;
  all_hits(*graph, queries.view(), {.k = 10, .recall = 0.95F}, &stats);
  EXPECT_LT(stats.hops, 200U * 300);
}

TEST(Graph, TakesEveryElementType) {
  Matrix base = clustered(700, 24, kSeed), queries = clustered(60, 24, kSeed, kQueries);
  for (Matrix* rows : {&base, &queries}) {
    for (std::size_t i = 0; i < rows->rows(); ++i) {
      for (float& x : rows->row(i)) x = std::clamp(std::round(60 + 20 * x), 0.0F, 127.0F);
    }
  }
  const auto exact = made("flat", base.view(), Metric::L2);
  for (const Element element : {Element::F16, Element::Bf16, Element::I8, Element::U8}) {
    const auto typed_base = to_element(base.view(), element);
    ASSERT_TRUE(typed_base.has_value());
    const auto index = made("graph", typed_base->view(), Metric::L2);
    const auto typed_queries = to_element(queries.view(), element);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.97) << name_of(element);
    EXPECT_EQ(all_hits(*index, typed_queries->view(), {.k = 10}).hits, all_hits(*index, queries.view(), {.k = 10}).hits)
        << name_of(element);
    ASSERT_TRUE(index->add(typed_queries->view()).has_value());
    EXPECT_EQ(index->size(), 760U);
  }
}

TEST(Graph, FinerCodesOrderTheHits) {
  const Matrix base = clustered(700, 32, kSeed), queries = clustered(60, 32, kSeed, kQueries);
  const auto exact = made("flat", base.view(), Metric::L2);
  for (const char* spec : {"graph + rerank(f32)", "graph + rerank(lvq(8))", "graph(20,12) + rerank(f32)"}) {
    const auto index = made(spec, base.view(), Metric::L2);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.9) << spec;
  }
  const auto index = made("graph(20,12) + rerank(f32)", base.view(), Metric::L2);
  EXPECT_EQ(index->spec(), "graph(20,12) + rerank(f32)");
  EXPECT_EQ(IndexSpec::parse(made("graph", base.view().slice(0, 50), Metric::L2)->spec())->rerank->text(), "f16");
  const Hits hits = all_hits(*index, queries.view(), {.k = 5});
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    for (const Hit& hit : hits.of(q)) {
      EXPECT_NEAR(static_cast<double>(hit.distance), internal::squared_l2(queries.row(q), base.row(hit.row)), 1e-4);
    }
    EXPECT_TRUE(std::is_sorted(hits.of(q).begin(), hits.of(q).end(), closer));
  }
}

TEST(Graph, EveryNumberOfRows) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const std::size_t rows : {1U, 2U, 3U, 31U, 32U, 33U, 65U}) {
      for (const std::size_t dims : {1U, 2U, 5U, 70U}) {
        const std::string what =
            std::to_string(rows) + " rows of " + std::to_string(dims) + ", " + std::string(name_of(metric));
        const Matrix base = clustered(rows, dims, kSeed), queries = clustered(4, dims, kSeed, kQueries);
        const auto index = made("graph", base.view(), metric);
        const auto exact = made("flat + f16", base.view(), metric);
        for (const std::uint32_t k : {1U, 10U, 70U}) {
          const Hits found = all_hits(*index, queries.view(), {.k = k}),
                     truth = all_hits(*exact, queries.view(), {.k = k});
          ASSERT_EQ(found.counts, truth.counts) << what;
          if (k >= rows) {
            ASSERT_EQ(found.hits, truth.hits) << what;
          }
        }
        EXPECT_EQ(all_hits(*index, queries.view(), {.k = 0}).hits.size(), 0U);
        EXPECT_EQ(all_hits(*index, queries.view().slice(0, 0), {.k = 3}).queries(), 0U);
      }
    }
  }
}

TEST(Graph, ZeroRowsAndCopiesAmongOthers) {
  Matrix mixed = clustered(800, 12, kSeed);
  for (std::size_t i = 0; i < mixed.rows(); i += 3) std::fill_n(mixed.row(i).data(), 12, 0.0F);
  for (std::size_t i = 1; i < mixed.rows(); i += 3) std::copy_n(mixed.row(1 + i % 60).data(), 12, mixed.row(i).data());
  const Matrix queries = clustered(50, 12, kSeed, kQueries);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const auto index = made("graph", mixed.view(), metric);
    const auto exact = made("flat + f16", mixed.view(), metric);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.9) << name_of(metric);
  }
}

// One Scratch for indexes that come and go, maybe where another one stood.
TEST(Graph, OneScratchServesManyIndexes) {
  Scratch scratch;
  const Matrix many = clustered(500, 12, kSeed), few = clustered(350, 5, kSeed);
  for (int round = 0; round < 2; ++round) {
    for (const Matrix* base : {&many, &few}) {
      const auto index = made("graph", base->view(), Metric::L2);
      for (std::size_t q = 0; q < 5; ++q) {
        Scratch fresh;
        const auto query = base->view().slice(q, 1);
        EXPECT_EQ(hits_of(*index, query, {.k = 4}, scratch), hits_of(*index, query, {.k = 4}, fresh));
        Matrix far = Matrix::copy_of(query);
        for (float& x : far.row(0)) x = 1e15F;
        EXPECT_EQ(hits_of(*index, far.view(), {.k = 4}, scratch).size(), 4U);
      }
    }
  }
}

TEST(Graph, IsTheSameAfterSavingAndOpening) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const Matrix base = clustered(600, 20, kSeed), queries = clustered(40, 20, kSeed, kQueries);
    const auto index = made("graph + rerank(lvq(8))", base.view(), metric);
    const std::uint32_t gone[] = {0, 5, 77};
    ASSERT_TRUE(index->remove(gone).has_value());
    const TemporaryFolder folder;
    ASSERT_TRUE(index->save(folder.path() / "x.qvi").has_value());
    const auto opened = open_index(folder.path() / "x.qvi");
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    EXPECT_EQ((*opened)->spec(), index->spec());
    EXPECT_EQ((*opened)->space(), index->space());
    EXPECT_EQ((*opened)->bytes(), index->bytes());
    EXPECT_EQ((*opened)->live(), 597U);
    EXPECT_EQ(dynamic_cast<const GraphIndex&>(**opened).calibration(),
              dynamic_cast<const GraphIndex&>(*index).calibration());
    EXPECT_EQ(all_hits(**opened, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
    ASSERT_TRUE(index->add(queries.view()).has_value());
    ASSERT_TRUE((*opened)->add(queries.view()).has_value());
    EXPECT_EQ((*opened)->size(), 640U);
    EXPECT_EQ(all_hits(**opened, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
    ASSERT_TRUE((*opened)->save(folder.path() / "y.qvi").has_value());
    const auto again = open_index(folder.path() / "y.qvi");
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(all_hits(**again, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
  }
}

TEST(Graph, RowsAddedLaterAreFound) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const Matrix base = clustered(1600, 20, kSeed), queries = clustered(100, 20, kSeed, kQueries);
    const auto index = made("graph", base.view().slice(0, 800), metric);
    const auto exact = made("flat + f16", base.view(), metric);
    for (std::size_t first = 800; first < 1600; first += 400) {
      ASSERT_TRUE(index->add(base.view().slice(first, 400)).has_value());
    }
    ASSERT_TRUE(index->add(base.view().slice(0, 0)).has_value());
    EXPECT_EQ(index->size(), 1600U);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.95) << name_of(metric);
    // Each of the added rows by itself.
    const Hits own = all_hits(*index, base.view().slice(800, 800), {.k = 10, .recall = 0.99F});
    std::size_t found = 0;
    for (std::size_t i = 0; i < 800; ++i) {
      const auto hits = own.of(i);
      found += std::any_of(hits.begin(), hits.end(), [&](const Hit& hit) { return hit.row == 800 + i; }) ? 1 : 0;
    }
    if (metric != Metric::Dot) {
      EXPECT_GE(found, 790U) << name_of(metric);
    }
  }
}

TEST(Graph, RowsAddedToNextToNothing) {
  const Matrix base = clustered(600, 8, kSeed), queries = clustered(50, 8, kSeed, kQueries);
  const auto exact = made("flat + f16", base.view(), Metric::L2);
  for (const std::size_t first : {1U, 2U, 40U}) {
    const auto index = made("graph", base.view().slice(0, first), Metric::L2);
    ASSERT_TRUE(index->add(base.view().slice(first, 600 - first)).has_value());
    const Hits hits = all_hits(*index, queries.view(), {.k = 10, .effort = 400});
    for (std::size_t q = 0; q < queries.rows(); ++q) ASSERT_EQ(hits.of(q).size(), 10U) << first;
    const Hits all = all_hits(*index, queries.view(), {.k = 600}), truth = all_hits(*exact, queries.view(), {.k = 600});
    EXPECT_EQ(all.hits, truth.hits) << first;
  }
  // Rows far outside those the graph was made of; the squared distances of the last are no f16.
  const auto index = made("graph + rerank(f32)", base.view(), Metric::L2);
  struct {
    float scale;
    std::size_t least;
  } const outside[] = {{3, 42}, {10, 35}, {100, 30}};
  for (const auto [scale, least] : outside) {
    const std::size_t first = index->size();
    Matrix far = Matrix::copy_of(queries.view());
    for (std::size_t i = 0; i < far.rows(); ++i) {
      for (float& x : far.row(i)) x *= scale;
    }
    ASSERT_TRUE(index->add(far.view()).has_value());
    const Hits hits = all_hits(*index, far.view(), {.k = 1, .recall = 0.99F});
    std::size_t found = 0;
    for (std::size_t q = 0; q < far.rows(); ++q) found += hits.of(q).front().row == first + q ? 1 : 0;
    EXPECT_GE(found, least) << scale;
  }
  // Copies of one row, many times.
  const Matrix copies = all_alike(300, 8, 0.5F);
  ASSERT_TRUE(index->add(copies.view()).has_value());
  const Hits of_copies = all_hits(*index, copies.view().slice(0, 1), {.k = 20});
  for (const Hit& hit : of_copies.of(0)) EXPECT_EQ(hit.distance, 0);
}

TEST(Graph, PlacesAreUsedAgainAndRecallStays) {
  const Matrix base = clustered(1500, 12, kSeed), more = clustered(1500, 12, kSeed, 5),
               queries = clustered(60, 12, kSeed, kQueries);
  const auto index = made("graph", base.view(), Metric::L2), exact = made("flat + f16", base.view(), Metric::L2);
  const std::size_t bytes = index->bytes();
  for (std::uint32_t first = 0; first < 1500; first += 250) {  // the oldest go, until none of the first rows is left
    std::vector<std::uint32_t> gone(250);
    std::iota(gone.begin(), gone.end(), first);
    for (Index* each : {index.get(), exact.get()}) {
      ASSERT_TRUE(each->remove(gone).has_value());
      ASSERT_TRUE(each->add(more.view().slice(first, 250)).has_value());
    }
  }
  EXPECT_EQ(index->size(), 3000U);
  EXPECT_EQ(index->live(), 1500U);
  EXPECT_LT(static_cast<double>(index->bytes()), 1.15 * static_cast<double>(bytes));
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.97);
  const std::uint32_t old = 3;
  EXPECT_THAT(index->remove({&old, 1}).error().message(), HasSubstr("removed already"));
  // Numbered anew, the same rows are the same answers.
  const Hits before = all_hits(*index, queries.view(), {.k = 10});
  quiver::Run run({.threads = 1});
  const auto numbers = index->compact(run);
  ASSERT_TRUE(numbers.has_value());
  Hits after = all_hits(*index, queries.view(), {.k = 10});
  for (Hit& hit : after.hits) hit.row = (*numbers)[hit.row];
  EXPECT_EQ(after.hits, before.hits);
  EXPECT_EQ(index->size(), 1500U);
}

TEST(Graph, RemovedRowsLeadOnButAreNoHits) {
  const Matrix base = clustered(2000, 12, kSeed), queries = clustered(40, 12, kSeed, kQueries);
  const auto index = made("graph", base.view(), Metric::L2), exact = made("flat + f16", base.view(), Metric::L2);
  std::vector<std::uint32_t> even, odd;
  for (std::uint32_t row = 0; row < 2000; ++row) (row % 2 == 0 ? even : odd).push_back(row);
  ASSERT_TRUE(index->remove(even).has_value());
  ASSERT_TRUE(exact->remove(even).has_value());
  EXPECT_EQ(index->live(), 1000U);
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.95);
  for (const Hit& hit : all_hits(*index, queries.view(), {.k = 10}).hits) EXPECT_EQ(hit.row % 2, 1U);
  EXPECT_EQ(all_hits(*index, queries.view(), {.k = 1500}).counts, std::vector<std::uint32_t>(40, 1000));
  EXPECT_THAT(index->remove({even.data(), 1}).error().message(), HasSubstr("removed already"));
  ASSERT_TRUE(index->remove(odd).has_value());
  EXPECT_EQ(index->live(), 0U);
  EXPECT_EQ(all_hits(*index, queries.view(), {.k = 10}).counts, std::vector<std::uint32_t>(40, 0));
  Scratch scratch;
  EXPECT_TRUE(hits_of(*index, queries.view().slice(0, 1), {.k = 10}, scratch).empty());
  ASSERT_TRUE(index->add(queries.view().slice(0, 1)).has_value());
  const auto only = hits_of(*index, queries.view().slice(0, 1), {.k = 10}, scratch);
  ASSERT_EQ(only.size(), 1U);
  EXPECT_EQ(only[0].row, 2000U);
}

TEST(Graph, EffortAndRerankDoWhatTheySay) {
  const Matrix base = clustered(3000, 16, kSeed), queries = clustered(50, 16, kSeed, kQueries);
  const auto index = made("graph", base.view(), Metric::L2), exact = made("flat + f16", base.view(), Metric::L2);
  SearchStats little, much;
  all_hits(*index, queries.view(), {.k = 10, .effort = 12}, &little);
  all_hits(*index, queries.view(), {.k = 10, .effort = 400}, &much);
  EXPECT_LT(little.bytes_read, much.bytes_read);
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .effort = 400}), 0.99);
  SearchStats stats;
  all_hits(*index, queries.view(), {.k = 10, .rerank = 33, .effort = 100}, &stats);
  EXPECT_EQ(stats.reranked, 50U * 33);
  stats = {};
  all_hits(*index, queries.view(), {.k = 10, .rerank = 1, .effort = 100}, &stats);
  EXPECT_EQ(stats.reranked, 50U * 10) << "never fewer than k";
  SearchStats low, high;
  all_hits(*index, queries.view(), {.k = 10, .recall = 0.5F}, &low);
  all_hits(*index, queries.view(), {.k = 10, .recall = 1}, &high);
  EXPECT_LE(low.distances, high.distances);
  EXPECT_LE(low.hops, high.hops);
  const auto steps = dynamic_cast<const GraphIndex&>(*index).calibration();
  ASSERT_FALSE(steps.empty());
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_GE(steps.back().second, 0.98F);
}

// Rows without structure, few groups and coarse codes for the final order: 0.9999 is out of reach, and the answer says
// what was reached instead. An effort set by hand promises nothing.
TEST(Graph, ARecallOutOfReachCarriesWhatWasReached) {
  const Matrix base = clustered(4000, 48, kSeed, 0, 4000), queries = clustered(64, 48, kSeed, kQueries, 4000);
  const auto index = made("graph(24,8) + rerank(lvq(4))", base.view(), Metric::L2);
  SearchStats asked, modest, by_hand, single;
  all_hits(*index, queries.view(), {.k = 10, .recall = 0.9999F}, &asked);
  all_hits(*index, queries.view(), {.k = 10, .recall = 0.5F}, &modest);
  all_hits(*index, queries.view(), {.k = 10, .effort = 100}, &by_hand);
  ASSERT_EQ(asked.plan, "walk");
  EXPECT_LT(asked.expected_recall, 0.9999F) << "seed " << kSeed;
  EXPECT_GT(asked.expected_recall, modest.expected_recall);
  EXPECT_GE(modest.expected_recall, 0.5F);
  EXPECT_EQ(by_hand.expected_recall, 0);
  Scratch scratch;
  std::vector<Hit> hits(10);
  ASSERT_TRUE(index->search(queries.view().slice(0, 1), {.k = 10, .recall = 0.9999F}, scratch, hits, &single));
  EXPECT_EQ(single.expected_recall, asked.expected_recall);
}

TEST(Graph, SaysWhatIsWrong) {
  const Matrix base = clustered(60, 4, kSeed), longer(1, 5), two(2, 4), none(0, 4), wide = clustered(35, 50, kSeed);
  Matrix bad(1, 4);
  bad.row(0)[1] = NAN;
  quiver::Run run({.threads = 1});
  const auto message = [&](const char* spec, const RowsView& rows, Metric metric) {
    const auto built = build_index(*IndexSpec::parse(spec), rows,
                                   space_of(spec == std::string_view("graph(40)") ? 50 : 4, metric), {}, run);
    EXPECT_FALSE(built.has_value()) << spec;
    return built.has_value() ? "" : built.error().message();
  };
  EXPECT_THAT(message("graph", base.view(), Metric::Manhattan), HasSubstr("not manhattan; use hnsw or flat"));
  EXPECT_THAT(message("graph", base.view(), Metric::Hamming), HasSubstr("not hamming"));
  EXPECT_THAT(message("graph + lvq(8)", base.view(), Metric::L2), HasSubstr("write graph + rerank(lvq(8))"));
  EXPECT_THAT(message("graph", none.view(), Metric::L2), HasSubstr("there are none; use flat"));
  EXPECT_THAT(message("graph", bad.view(), Metric::L2), HasSubstr("column 1 is NaN"));
  EXPECT_THAT(message("graph", longer.view(), Metric::L2), HasSubstr("5 dims"));
  EXPECT_THAT(message("graph", SparseView{}, Metric::L2), HasSubstr("sparse"));
  EXPECT_THAT(message("graph(5)", base.view(), Metric::L2), HasSubstr("5 dimensions for rows of 4: at most 4"));
  EXPECT_THAT(message("graph(40)", wide.view(), Metric::L2), HasSubstr("35 rows cannot tell 40 directions apart"));
  EXPECT_THAT(IndexSpec::parse("graph(4,6)").error().message(), HasSubstr("6 groups: a graph takes a multiple of 4"));
  EXPECT_FALSE(IndexSpec::parse("graph(4,260)").has_value());
  EXPECT_FALSE(IndexSpec::parse("graph(4,8,1)").has_value());

  IndexSpec by_hand;
  by_hand.structure = "graph";
  const auto from_defaults = build_index(by_hand, base.view(), space_of(4, Metric::L2), {}, run);
  ASSERT_TRUE(from_defaults.has_value()) << from_defaults.error().message();
  EXPECT_EQ((*from_defaults)->spec(), "graph(4,8) + rerank(f16)");
  by_hand.arguments = {0, 6};
  EXPECT_THAT(build_index(by_hand, base.view(), space_of(4, Metric::L2), {}, run).error().message(),
              HasSubstr("6 groups"));

  const auto index = made("graph", base.view(), Metric::L2);
  Scratch scratch;
  std::vector<Hit> out(1);
  EXPECT_THAT(index->search(longer.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("5 dims"));
  EXPECT_THAT(index->search(two.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("use search_batch"));
  EXPECT_THAT(index->search(bad.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("column 1 is NaN"));
  EXPECT_THAT(index->search_batch(bad.view(), {.k = 1}, run).error().message(), HasSubstr("row 0, column 1 is NaN"));
  EXPECT_THAT(index->search_batch(longer.view(), {.k = 1}, run).error().message(), HasSubstr("5 dims"));
  const std::uint32_t beyond[] = {0, 60};
  EXPECT_THAT(index->remove(beyond).error().message(), HasSubstr("rows 0 .. 59"));
  run.cancel();
  EXPECT_EQ(index->search_batch(two.view(), {.k = 1}, run).error().code(), Code::Cancelled);
  EXPECT_EQ(build_index(*IndexSpec::parse("graph"), base.view(), space_of(4, Metric::L2), {}, run).error().code(),
            Code::Cancelled);
}

TEST(Graph, AFailedAddChangesNothing) {
  const Matrix base = clustered(60, 4, kSeed), longer(1, 5);
  Matrix bad(2, 4);
  bad.row(1)[1] = NAN;
  const auto index = made("graph", base.view(), Metric::L2);
  EXPECT_THAT(index->add(bad.view()).error().message(), HasSubstr("row 1, column 1 is NaN"));
  EXPECT_THAT(index->add(longer.view()).error().message(), HasSubstr("5 dims"));
  EXPECT_FALSE(index->add(SparseView{}).has_value());
  // What the finer codes refuse.
  Matrix bytes(60, 4);
  for (std::size_t i = 0; i < 60; ++i) bytes.row(i)[i % 4] = static_cast<float>(i % 100);
  const auto of_bytes = made("graph + rerank(i8)", bytes.view(), Metric::L2);
  Matrix large(2, 4);
  large.row(1)[0] = 1000;
  EXPECT_FALSE(of_bytes->add(large.view()).has_value());
  for (const Index* after : {index.get(), of_bytes.get()}) {
    EXPECT_EQ(after->size(), 60U);
    EXPECT_EQ(all_hits(*after, base.view(), {.k = 60}).counts, std::vector<std::uint32_t>(60, 60));
  }
  ASSERT_TRUE(index->add(base.view().slice(0, 2)).has_value());
  EXPECT_EQ(all_hits(*index, base.view().slice(1, 1), {.k = 2}).of(0).back().row, 61U);
}

TEST(Graph, OpensNothingBroken) {
  const Matrix base = clustered(40, 4, kSeed);
  const auto index = made("graph(4,4)", base.view(), Metric::L2);
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "x.qvi";
  ASSERT_TRUE(index->save(path).has_value());
  const Container file = *Container::open(path, "index");
  const auto text = [&](const char* section) { return std::string(*file.text(section)); };
  const auto message = [&](const char* section, const std::string& content) {
    const auto opened = opened_with(path, section, content);
    EXPECT_FALSE(opened.has_value()) << section;
    if (opened.has_value()) return std::string();
    EXPECT_EQ(opened.error().code(), Code::Corruption) << section << ": " << opened.error().message();
    return opened.error().message();
  };
  const std::string rows = text("graph/rows");
  constexpr std::size_t kRow = 64 + 16 * 4 + 256, kOffsets = 64 + 16 * 4, kNumbers = kOffsets + 128;
  ASSERT_EQ(rows.size(), 40 * kRow);
  ASSERT_TRUE(opened_with(path, "graph/rows", rows).has_value());
  EXPECT_THAT(message("graph/rows", rows.substr(64)), HasSubstr("not a multiple of its 384 bytes a row"));
  EXPECT_THAT(message("graph/rows", rows.substr(kRow)), HasSubstr("of 39 as a neighbour"));
  std::string header = text("index");
  header.replace(header.find("\"rows\": 40"), 10, "\"rows\": 41")
      .replace(header.find("\"live\": 40"), 10, "\"live\": 41");
  EXPECT_THAT(message("index", header), HasSubstr("are not the 41 rows"));
  std::string broken = rows;
  const std::uint32_t beyond = 40, no_row = 0x7fffffff;
  std::memcpy(broken.data() + 3 * kRow + kNumbers + 4, &beyond, 4);
  EXPECT_THAT(message("graph/rows", broken), HasSubstr("row 3 has row 40 of 40 as a neighbour"));
  broken = rows;  // no row, and yet at a finite distance: a walk would go there
  std::memcpy(broken.data() + 3 * kRow + kNumbers, &no_row, 4);
  EXPECT_THAT(message("graph/rows", broken), HasSubstr("row 3 has row 2147483647"));
  const std::string root = text("graph/root");
  EXPECT_THAT(message("graph/root", root + root), HasSubstr("2 roots"));
  EXPECT_THAT(message("graph/root", ""), HasSubstr("0 roots"));
  EXPECT_THAT(message("graph/shape", "{}"), HasSubstr("groups"));
  EXPECT_THAT(message("graph/shape", R"({"groups":8,"blocks":1,"entry_blocks":2})"), HasSubstr("does not fit"));
  EXPECT_THAT(message("graph/shape", R"({"groups":4,"blocks":0,"entry_blocks":2})"), HasSubstr("does not fit"));
  EXPECT_THAT(message("graph/shape", R"({"groups":4,"blocks":1,"entry_blocks":0})"), HasSubstr("does not fit"));
  EXPECT_THAT(message("graph/space", R"({"longest":1,"unit":0})"), HasSubstr("does not fit the index's space"));
  EXPECT_THAT(message("graph/space", "x"), HasSubstr("section 'graph/space'"));
  EXPECT_THAT(message("graph/starts", text("graph/starts").substr(2)), HasSubstr("do not agree"));
  EXPECT_THAT(message("graph/centroids", text("graph/centroids").substr(4)), HasSubstr("do not agree"));
  EXPECT_THAT(message("graph/calibration", std::string(12, '\0')), HasSubstr("not a rising list"));
  // Any section gone; the spectrum is for people.
  for (const std::string& left_out : file.names()) {
    ContainerWriter writer("index");
    for (const std::string& section : file.names()) {
      if (section != left_out) writer.add(section, std::string(*file.text(section)));
    }
    ASSERT_TRUE(writer.save(folder.path() / "less.qvi").has_value());
    EXPECT_EQ(open_index(folder.path() / "less.qvi").has_value(), left_out == "graph/spectrum") << left_out;
  }
  const std::string bytes = *read_file(path);
  const auto opens = [&](std::string_view changed) {
    std::ofstream out(folder.path() / "damaged.qvi", std::ios::binary | std::ios::trunc);
    out.write(changed.data(), static_cast<std::streamsize>(changed.size()));
    out.close();
    return open_index(folder.path() / "damaged.qvi").has_value();
  };
  ASSERT_TRUE(opens(bytes));
  for (std::size_t at = 0; at < bytes.size(); at += 101) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    ASSERT_FALSE(opens(flipped)) << "byte " << at << " flipped";
    ASSERT_FALSE(opens(std::string_view(bytes).substr(0, at))) << "cut to " << at;
  }
}

}  // namespace
}  // namespace quiver
