// The laws that every index with a recall of its own keeps, whatever it walks or probes: one row of kKinds each; and
// those of compact(), which all indexes of dense rows keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <set>

#include "quiver/core/metric.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/graph.h"
#include "quiver/index/internal/index_testing.h"
#include "quiver/index/ivf.h"

namespace quiver {
namespace {
using internal::all_alike;
using internal::all_hits;
using internal::clustered;
using internal::hits_of;
using internal::kQueries;
using internal::kSeed;
using internal::made;
using internal::recall_beside;
using internal::Some;
using internal::space_of;
using testing::HasSubstr;

struct Kind {
  const char *spec, *exact;  // and a scan of the codes that order its hits in the end
  const char* of_alike;      // its spec for rows that are all alike
  const char* plan;          // what a search says it did
  std::size_t rows;          // enough that it does not scan them
  double recall;             // at least, under filters and of queries of any length
};
constexpr Kind kKinds[] = {
    {"graph", "flat + f16", "graph", "walk", 5000, 0.9},
    {"ivf", "flat + f16", "ivf(9)", "inverted lists", 6000, 0.85},
    {"ivf(60) + lvq(8)", "flat + lvq(8)", "ivf(9) + lvq(8)", "inverted lists", 6000, 0.85},
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.spec; }
class EveryApproximateIndex : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EveryApproximateIndex, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return "Kind" + std::to_string(kind.index); });

std::vector<std::pair<float, float>> calibration_of(const Index& index) {
  if (const auto* graph = dynamic_cast<const GraphIndex*>(&index)) return graph->calibration();
  return dynamic_cast<const IvfIndex&>(index).calibration();
}

TEST_P(EveryApproximateIndex, FindsRowsThatAreAllAlike) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const float value : {0.0F, 2.0F}) {
      const Matrix base = all_alike(800, 6, value);
      const auto index = made(GetParam().of_alike, base.view(), metric);
      const auto exact = made(GetParam().exact, base.view(), metric);
      const Matrix queries = clustered(3, 6, kSeed), zero(1, 6);
      for (const MatrixView query : {queries.view(), zero.view()}) {
        for (const std::uint32_t k : {1U, 10U, 700U, 5000U}) {
          for (const std::uint32_t effort : {0U, 2U}) {
            const Hits hits = all_hits(*index, query, {.k = k, .effort = effort});
            const Hits truth = all_hits(*exact, query, {.k = k});
            EXPECT_EQ(hits.counts, truth.counts);
            for (std::size_t q = 0; q < hits.queries(); ++q) {
              std::set<std::uint32_t> rows;
              for (const Hit& hit : hits.of(q)) EXPECT_TRUE(rows.insert(hit.row).second);
              ASSERT_EQ(hits.of(q).front().distance, truth.of(q).front().distance);
              ASSERT_EQ(hits.of(q).back().distance, truth.of(q).back().distance);
            }
          }
        }
      }
    }
  }
}

// Under a filter a graph may scan what is allowed for many queries and walk for one. All else finds the same by one
// call as by many.
void expect_alike(const Hits& alone, const Hits& together, bool same) {
  ASSERT_EQ(alone.counts, together.counts);
  if (same) {
    EXPECT_EQ(alone.hits, together.hits);
    return;
  }
  std::size_t wanted = 0, shared = 0;
  for (std::size_t q = 0; q < together.counts.size(); ++q) {
    wanted += together.of(q).size();
    for (const Hit& hit : together.of(q)) {
      const auto found = alone.of(q);
      shared += std::find(found.begin(), found.end(), hit) != found.end() ? 1 : 0;
    }
  }
  EXPECT_GE(static_cast<double>(shared), 0.97 * static_cast<double>(wanted));
}
bool is_graph(std::string_view spec) { return spec.starts_with("graph"); }

// Every query by a call of its own.
Hits one_by_one(const Index& index, MatrixView queries, const SearchParams& params, Scratch& scratch) {
  Hits hits{params.k, std::vector<Hit>(queries.rows * params.k), std::vector<std::uint32_t>(queries.rows)};
  for (std::size_t q = 0; q < queries.rows; ++q) {
    const std::vector<Hit> found = hits_of(index, queries.slice(q, 1), params, scratch);
    std::copy(found.begin(), found.end(), hits.hits.begin() + static_cast<std::ptrdiff_t>(q * params.k));
    hits.counts[q] = static_cast<std::uint32_t>(found.size());
  }
  return hits;
}

struct Form {
  const char* spec;
  std::uint32_t effort;  // little of it
};
void PrintTo(const Form& form, std::ostream* out) { *out << form.spec; }
class EveryForm : public testing::TestWithParam<Form> {};
INSTANTIATE_TEST_SUITE_P(Forms, EveryForm,
                         testing::Values(Form{"graph", 60}, Form{"ivf(40)", 6},
                                         Form{"ivf(40) + pq(12,4) + rerank(lvq(8))", 6}, Form{"ivf(40) + lvq(8)", 6},
                                         Form{"ivf(40) + lvq(4) + rerank(f16)", 6}),
                         [](const auto& form) { return "Form" + std::to_string(form.index); });

// Files repeat on one thread; the projection's last bits depend on how many threads added up the moments.
TEST_P(EveryForm, AnswersWithoutRegardToThreadsAndBatches) {
  const Matrix base = clustered(3000, 40, kSeed), queries = clustered(300, 40, kSeed, kQueries);
  const auto one = made(GetParam().spec, base.view(), Metric::Cosine, 1),
             again = made(GetParam().spec, base.view(), Metric::Cosine, 1);
  const TemporaryFolder folder;
  ASSERT_TRUE(one->save(folder.path() / "one.qvi").has_value());
  ASSERT_TRUE(again->save(folder.path() / "again.qvi").has_value());
  EXPECT_EQ(Container::open(folder.path() / "one.qvi", "index")->digest(),
            Container::open(folder.path() / "again.qvi", "index")->digest());
  Scratch scratch;
  for (const SearchParams& params : {SearchParams{.k = 10}, SearchParams{.k = 1, .recall = 0.5F},
                                     SearchParams{.k = 30, .rerank = 31, .effort = GetParam().effort}}) {
    const Hits batch = all_hits(*one, queries.view(), params);
    quiver::Run alone({.threads = 1});
    EXPECT_EQ(batch.hits, one->search_batch(queries.view(), params, alone)->hits);
    EXPECT_EQ(one_by_one(*one, queries.view(), params, scratch).hits, batch.hits);
    EXPECT_EQ(all_hits(*one, queries.view().slice(70, 3), params).hits,
              std::vector<Hit>(batch.hits.begin() + 70 * params.k, batch.hits.begin() + 73 * params.k));
  }
}

TEST_P(EveryApproximateIndex, LosesNoHitsToFiltersWhateverTheyClaim) {
  const auto rows = static_cast<std::uint32_t>(GetParam().rows);
  const Matrix base = clustered(rows, 12, kSeed), queries = clustered(40, 12, kSeed, kQueries);
  const auto index = made(GetParam().spec, base.view(), Metric::L2);
  const auto exact = made(GetParam().exact, base.view(), Metric::L2);
  const Some none(0), one(rows + 1), percent(100), half(2), percent_claims_all(100, 1), none_claims_all(0, 1),
      all_claims_none(1, 0);
  Scratch scratch;
  for (const Some* filter : {&none, &one, &percent, &half, &percent_claims_all, &none_claims_all, &all_claims_none}) {
    for (const std::uint32_t k : {1U, 10U, 80U}) {
      const SearchParams params{.k = k, .filter = filter};
      SearchStats stats;
      const Hits found = all_hits(*index, queries.view(), params, &stats),
                 truth = all_hits(*exact, queries.view(), params);
      ASSERT_EQ(found.counts, truth.counts);
      if (is_graph(GetParam().spec) && stats.plan != GetParam().plan) {  // it was a scan
        ASSERT_EQ(found.hits, truth.hits);
      }
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        for (const Hit& hit : found.of(q)) ASSERT_TRUE(filter->allows(hit.row));
      }
      expect_alike(one_by_one(*index, queries.view(), params, scratch), found, !is_graph(GetParam().spec));
    }
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .filter = filter}), GetParam().recall);
  }
  SearchStats stats;
  std::vector<Hit> out(10);
  ASSERT_TRUE(index->search(queries.view().slice(0, 1), {.k = 10, .filter = &half}, scratch, out, &stats).has_value());
  EXPECT_EQ(stats.plan, GetParam().plan);
  all_hits(*index, queries.view(), {.k = 10, .filter = &one}, &stats);
  EXPECT_EQ(stats.plan, "filter first");
  std::vector<std::uint32_t> gone;  // with removed rows too
  for (std::uint32_t row = 0; row < rows; row += 4) gone.push_back(row);
  ASSERT_TRUE(index->remove(gone).has_value());
  for (const Hit& hit : all_hits(*index, queries.view(), {.k = 10, .filter = &half}).hits) EXPECT_EQ(hit.row % 4, 2U);
}

// What compact() owes, whatever holds the rows.
struct Compacted {
  const char *spec, *exact;  // and a scan of the codes that order its hits in the end
  SearchParams all;          // a search that misses nothing
};
void PrintTo(const Compacted& kind, std::ostream* out) { *out << kind.spec; }
class EveryCompactedIndex : public testing::TestWithParam<Compacted> {};
INSTANTIATE_TEST_SUITE_P(
    Kinds, EveryCompactedIndex,
    testing::Values(Compacted{"flat", "flat", {.k = 10}},
                    Compacted{"flat + lvq(4) + rerank(f16)", "flat + f16", {.k = 10, .rerank = 400}},
                    Compacted{"graph", "flat + f16", {.k = 10, .rerank = 200, .effort = 400}},
                    Compacted{"hnsw", "flat", {.k = 10, .effort = 400}},
                    Compacted{"hnsw + lvq(4) + rerank(f16)", "flat + f16", {.k = 10, .rerank = 400, .effort = 400}},
                    Compacted{"ivf(20)", "flat + f16", {.k = 10, .rerank = 400, .effort = 20}},
                    Compacted{"ivf(20) + lvq(8)", "flat + lvq(8)", {.k = 10, .effort = 20}}),
    [](const auto& kind) { return "Kind" + std::to_string(kind.index); });

std::string saved(const Index& index, const std::filesystem::path& path) {
  const auto done = index.save(path);
  EXPECT_TRUE(done.has_value()) << done.error().message();
  return Container::open(path, "index")->digest();
}

TEST_P(EveryCompactedIndex, GivesBackRoomAndNumbersRowsAnew) {
  const Matrix base = clustered(1800, 12, kSeed), more = clustered(600, 12, kSeed, 5),
               queries = clustered(60, 12, kSeed, kQueries);
  const auto index = made(GetParam().spec, base.view(), Metric::L2, 1),
             exact = made(GetParam().exact, base.view(), Metric::L2, 1);
  std::vector<std::uint32_t> left;
  for (Index* each : {index.get(), exact.get()}) {
    ASSERT_TRUE(each->add(more.view()).has_value());
    std::vector<std::uint32_t> gone;
    left.clear();
    for (std::uint32_t row = 0; row < 2400; ++row) (row % 3 == 0 || row / 100 == 7 ? gone : left).push_back(row);
    ASSERT_TRUE(each->remove(gone).has_value());
  }
  const std::size_t bytes = index->bytes();
  const double recall = recall_beside(*index, *exact, queries.view(), GetParam().all);
  const Hits before = all_hits(*exact, queries.view(), {.k = 10});
  const TemporaryFolder folder;
  const std::string digest = saved(*index, folder.path() / "before.qvi");
  quiver::Run cancelled, run({.threads = 2});
  cancelled.cancel();
  EXPECT_EQ(index->compact(cancelled).error().code(), Code::Cancelled);
  EXPECT_EQ(saved(*index, folder.path() / "cancelled.qvi"), digest) << "nothing has changed";

  const auto numbers = index->compact(run);
  ASSERT_TRUE(numbers.has_value()) << numbers.error().message();
  EXPECT_EQ(*numbers, left);
  EXPECT_EQ(*exact->compact(run), left);
  EXPECT_EQ(index->size(), left.size());
  EXPECT_EQ(index->live(), left.size());
  EXPECT_LT(static_cast<double>(index->bytes()), 0.8 * static_cast<double>(bytes) + 40'000);
  Hits after = all_hits(*exact, queries.view(), {.k = 10});
  for (Hit& hit : after.hits) hit.row = (*numbers)[hit.row];
  EXPECT_EQ(after.hits, before.hits);
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), GetParam().all), std::min(recall, 0.999)) << "seed " << kSeed;
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10}), 0.85) << "seed " << kSeed;

  // As good as new: compacting again changes nothing, the file opens, rows are added and removed under their numbers.
  const std::string once = saved(*index, folder.path() / "once.qvi");
  std::vector<std::uint32_t> same(left.size());
  std::iota(same.begin(), same.end(), 0U);
  EXPECT_EQ(*index->compact(run), same);
  EXPECT_EQ(saved(*index, folder.path() / "twice.qvi"), once);
  const auto opened = open_index(folder.path() / "once.qvi");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  for (Index* each : {index.get(), opened->get(), exact.get()}) {
    ASSERT_TRUE(each->add(queries.view()).has_value());
    const std::uint32_t gone[] = {0, 17, static_cast<std::uint32_t>(left.size())};
    ASSERT_TRUE(each->remove(gone).has_value());
  }
  const Hits grown = all_hits(*index, queries.view(), GetParam().all);
  EXPECT_EQ(all_hits(**opened, queries.view(), GetParam().all).hits, grown.hits);
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), GetParam().all), std::min(recall, 0.999)) << "seed " << kSeed;
  EXPECT_EQ(grown.of(1).front().row, left.size() + 1) << "a row that was added is its own nearest";
}

TEST_P(EveryCompactedIndex, HowFewRowsSoever) {
  const Matrix base = clustered(40, 5, kSeed), queries = clustered(3, 5, kSeed, kQueries);
  quiver::Run run({.threads = 1});
  for (const std::uint32_t kept : {0U, 1U, 2U, 33U, 40U}) {
    const auto index = made(GetParam().spec, base.view(), Metric::L2),
               exact = made(GetParam().exact, base.view(), Metric::L2);
    std::vector<std::uint32_t> gone(40 - kept), left(kept);
    std::iota(gone.begin(), gone.end(), 0U);
    std::iota(left.begin(), left.end(), 40 - kept);
    for (Index* each : {index.get(), exact.get()}) {
      ASSERT_TRUE(each->remove(gone).has_value());
      ASSERT_EQ(*each->compact(run), left);
      ASSERT_EQ(each->size(), kept);
    }
    const TemporaryFolder folder;
    saved(*index, folder.path() / "few.qvi");
    const auto opened = open_index(folder.path() / "few.qvi");
    ASSERT_TRUE(opened.has_value()) << kept << ": " << opened.error().message();
    for (int round = 0; round < 2; ++round) {
      const Hits truth = all_hits(*exact, queries.view(), {.k = 50});
      for (const Index* each : {index.get(), opened->get()}) {
        ASSERT_EQ(all_hits(*each, queries.view(), {.k = 50}).hits, truth.hits) << kept << " rows";
      }
      for (Index* each : {index.get(), opened->get(), exact.get()}) ASSERT_TRUE(each->add(queries.view()).has_value());
    }
  }
}

TEST_P(EveryCompactedIndex, RowsAllAlike) {
  const Matrix base = all_alike(900, 6, 2);
  const auto index = made(GetParam().spec, base.view(), Metric::L2);
  std::vector<std::uint32_t> gone;
  for (std::uint32_t row = 0; row < 900; row += 2) gone.push_back(row);
  ASSERT_TRUE(index->remove(gone).has_value());
  quiver::Run run({.threads = 1});
  ASSERT_TRUE(index->compact(run).has_value());
  const Hits hits = all_hits(*index, base.view().slice(0, 2), {.k = 500});
  for (std::size_t q = 0; q < 2; ++q) {
    std::set<std::uint32_t> rows;
    for (const Hit& hit : hits.of(q)) EXPECT_TRUE(rows.insert(hit.row).second && hit.row < 450);
    EXPECT_EQ(rows.size(), 450U);
  }
}

TEST_P(EveryApproximateIndex, CalibratesOnTheQueriesItIsGiven) {
  const IndexSpec spec = *IndexSpec::parse(GetParam().spec);
  const Matrix base = clustered(3000, 16, kSeed), queries = clustered(200, 16, kSeed + 1, kQueries);
  quiver::Run run({.seed = kSeed, .threads = 2});
  const auto index = build_index(spec, base.view(), space_of(16, Metric::L2), queries.view(), run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  const auto exact = made(GetParam().exact, base.view(), Metric::L2);
  EXPECT_GE(recall_beside(**index, *exact, queries.view(), {.k = 10}), 0.92);
  EXPECT_NE(calibration_of(**index), calibration_of(*made(GetParam().spec, base.view(), Metric::L2)));
  Matrix bad(3, 16);
  bad.row(1)[2] = NAN;
  EXPECT_FALSE(build_index(spec, base.view(), space_of(16, Metric::L2), bad.view(), run));
  const Matrix shorter(3, 4);
  EXPECT_THAT(build_index(spec, base.view(), space_of(16, Metric::L2), shorter.view(), run).error().message(),
              HasSubstr("sample queries of 4 dims"));
}

TEST_P(EveryApproximateIndex, AnswersQueriesOfAnyLength) {
  const Matrix base = clustered(2000, 10, kSeed);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    const auto index = made(GetParam().spec, base.view(), metric), exact = made(GetParam().exact, base.view(), metric);
    for (const float scale : {0.0F, 1e-30F, 1e-12F, 1e-3F, 1e3F, 1e12F, 1e25F, 1e37F}) {
      Matrix queries = clustered(10, 10, kSeed, kQueries);
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        for (float& x : queries.row(q)) x *= scale;
      }
      const Hits hits = all_hits(*index, queries.view(), {.k = 10});
      const Hits truth = all_hits(*exact, queries.view(), {.k = 10});
      EXPECT_EQ(hits.counts, truth.counts) << name_of(metric) << " at " << scale;
      if (metric != Metric::L2 && scale >= 1e-12F && scale <= 1e12F) {
        EXPECT_GE(GroundTruth{truth}.recall(hits, 10), GetParam().recall) << name_of(metric) << " at " << scale;
      }
    }
  }
}

}  // namespace
}  // namespace quiver
