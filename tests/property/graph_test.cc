// What a graph, and an inverted file, promise of any rows: as many hits as there are rows alive and allowed, no row
// twice, the distances and order of a scan of the same codes, and the same answer whatever the batch, the threads and
// the file.
#include <algorithm>
#include <map>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::done;
using property::Folder;
using property::rows_of;
using property::value_of;

class EveryNthOnly final : public RowFilter {
 public:
  EveryNthOnly(std::uint32_t n, double selectivity) : n_(n), selectivity_(selectivity) {}
  bool allows(std::uint32_t row) const noexcept override { return row % n_ == 0; }
  double selectivity() const noexcept override { return selectivity_; }

 private:
  std::uint32_t n_;
  double selectivity_;
};

void answers_in_full(const char* spec) {
  // A few rows are scanned, more are walked.
  const auto rows = *rc::gen::weightedOneOf<std::size_t>(
      {{3, rc::gen::inRange<std::size_t>(1, 70)}, {1, rc::gen::inRange<std::size_t>(305, 420)}});
  const auto dims = *rc::gen::inRange<std::size_t>(1, 40);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Cosine);
  const property::Shape shape = property::shape_of(seed);
  const Matrix base = rows_of(shape, rows, dims, seed), more = rows_of(shape, 12, dims, seed + 1),
               queries = rows_of(shape, 9, dims, seed + 2);
  const Space space{.id = "qv:test", .dims = dims, .metric = metric};
  Run one({.threads = 1}), three({.threads = 3});
  const auto index = value_of(build_index(value_of(IndexSpec::parse(spec)), base.view(), space, {}, three));
  const auto exact = value_of(build_index(value_of(IndexSpec::parse("flat + f16")), base.view(), space, {}, one));
  const auto gone = *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(rows));
  for (Index* each : {index.get(), exact.get()}) {
    done(each->remove({&gone, 1}));
    done(each->add(more.view()));
  }
  const auto n = *rc::gen::inRange<std::uint32_t>(1, 40);
  const EveryNthOnly filter(n, *rc::gen::element(0.0, 1.0 / n, 1.0));
  const auto k = *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 12), rc::gen::just(1000U));
  const Folder folder;
  done(index->save(folder / "graph.qvi"));
  const auto opened = value_of(open_index(folder / "graph.qvi"));
  RC_ASSERT(opened->bytes() == index->bytes());
  Scratch scratch;
  for (const RowFilter* allowed : {static_cast<const RowFilter*>(nullptr), static_cast<const RowFilter*>(&filter)}) {
    const SearchParams params{.k = k, .filter = allowed};
    const Hits hits = value_of(index->search_batch(queries.view(), params, one));
    RC_ASSERT(hits.hits == value_of(index->search_batch(queries.view(), params, three)).hits);
    RC_ASSERT(hits.hits == value_of(opened->search_batch(queries.view(), params, three)).hits);
    const Hits all = value_of(exact->search_batch(queries.view(), {.k = 1000, .filter = allowed}, one));
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      const std::vector<Hit> found(hits.of(q).begin(), hits.of(q).end());
      std::map<std::uint32_t, float> by_scan;
      for (const Hit& hit : all.of(q)) by_scan.emplace(hit.row, hit.distance);
      RC_ASSERT(found.size() == std::min<std::size_t>(k, by_scan.size()));
      RC_ASSERT(std::is_sorted(found.begin(), found.end(), closer));
      for (std::size_t i = 0; i < found.size(); ++i) {
        RC_ASSERT(by_scan.count(found[i].row) == 1U);
        RC_ASSERT(by_scan.at(found[i].row) == found[i].distance);
        if (i > 0) RC_ASSERT(found[i].row != found[i - 1].row);
      }
      std::vector<Hit> single(std::min<std::size_t>(k, index->size()));
      single.resize(value_of(index->search(queries.view().slice(q, 1), params, scratch, single)));
      RC_ASSERT(single == found);
    }
  }
}

RC_GTEST_PROP(Graphs, AnswerInFullWhateverTheRows, ()) { answers_in_full("graph"); }
RC_GTEST_PROP(InvertedFiles, AnswerInFullWhateverTheRows, ()) {
  answers_in_full(*rc::gen::element("ivf", "ivf(3) + pq(4,4)", "ivf(5) + f16", "ivf(4) + lvq(4) + rerank(f16)"));
}

// Rows come and go in any order, places are used again, the file is closed and opened, rows are numbered anew: every
// answer is right by a scan of the same rows, and nothing is lost when everything is asked for.
void answers_whatever_came_and_went(const char* spec) {
  const auto dims = *rc::gen::inRange<std::size_t>(1, 24);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Cosine);
  const property::Shape shape = property::shape_of(seed);
  const auto start = *rc::gen::inRange<std::size_t>(1, 400);
  const Matrix base = rows_of(shape, start, dims, seed), queries = rows_of(shape, 5, dims, seed + 1);
  const Space space{.id = "qv:test", .dims = dims, .metric = metric};
  Run run({.threads = 1});
  auto index = value_of(build_index(value_of(IndexSpec::parse(spec)), base.view(), space, {}, run));
  auto exact = value_of(build_index(value_of(IndexSpec::parse("flat + f16")), base.view(), space, {}, run));
  std::vector<std::uint32_t> live(start);
  std::iota(live.begin(), live.end(), 0U);
  const Folder folder;
  const auto steps = *rc::gen::inRange<std::size_t>(1, 12);
  for (std::size_t step = 0; step < steps; ++step) {
    const auto what = *rc::gen::weightedElement<int>({{4, 0}, {4, 1}, {1, 2}, {1, 3}});
    if (what == 0) {
      const auto count = *rc::gen::inRange<std::size_t>(0, 200);
      const Matrix more = rows_of(shape, count, dims, seed + 2 + step);
      const auto first = static_cast<std::uint32_t>(index->size());
      for (Index* each : {index.get(), exact.get()}) done(each->add(more.view()));
      for (std::uint32_t i = 0; i < count; ++i) live.push_back(first + i);
    } else if (what == 1) {
      const auto part = *rc::gen::element(1U, 2U, 5U, 30U);
      Random random(seed, step);
      random.shuffle(std::span(live));
      const std::size_t count = (live.size() + part - 1) / part;
      const std::vector<std::uint32_t> gone(live.end() - static_cast<std::ptrdiff_t>(count), live.end());
      live.resize(live.size() - count);
      for (Index* each : {index.get(), exact.get()}) done(each->remove(gone));
    } else if (what == 2) {
      done(index->save(folder / "graph.qvi"));
      const auto opened = value_of(open_index(folder / "graph.qvi"));
      RC_ASSERT(opened->bytes() == index->bytes());
      done(opened->save(folder / "again.qvi"));
      index = value_of(open_index(folder / "again.qvi"));
    } else {
      const std::vector<std::uint32_t> before = value_of(index->compact(run));
      std::sort(live.begin(), live.end());
      RC_ASSERT(before == live);
      RC_ASSERT(value_of(exact->compact(run)) == live);
      std::iota(live.begin(), live.end(), 0U);
    }
    RC_ASSERT(index->size() == exact->size());
    RC_ASSERT(index->live() == live.size());
    const std::uint32_t everything = 100'000;
    const Hits truth = value_of(exact->search_batch(queries.view(), {.k = everything}, run));
    const EveryNthOnly filter(3, 1.0 / 3);
    const Hits some = value_of(exact->search_batch(queries.view(), {.k = everything, .filter = &filter}, run));
    RC_ASSERT(value_of(index->search_batch(queries.view(), {.k = everything}, run)).counts == truth.counts);
    RC_ASSERT(value_of(index->search_batch(queries.view(), {.k = everything, .filter = &filter}, run)).counts ==
              some.counts);
    const Hits hits = value_of(index->search_batch(queries.view(), {.k = 7, .effort = 60}, run));
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      std::map<std::uint32_t, float> by_scan;
      for (const Hit& hit : truth.of(q)) by_scan.emplace(hit.row, hit.distance);
      const std::span<const Hit> found = hits.of(q);
      RC_ASSERT(found.size() == std::min<std::size_t>(7, live.size()));
      RC_ASSERT(std::is_sorted(found.begin(), found.end(), closer));
      for (std::size_t i = 0; i < found.size(); ++i) {
        RC_ASSERT(by_scan.count(found[i].row) == 1U);
        RC_ASSERT(by_scan.at(found[i].row) == found[i].distance);
        if (i > 0) RC_ASSERT(found[i].row != found[i - 1].row);
      }
    }
  }
}

RC_GTEST_PROP(Graphs, AnswerWhateverCameAndWent, ()) { answers_whatever_came_and_went("graph"); }
RC_GTEST_PROP(InvertedFiles, AnswerWhateverCameAndWent, ()) {
  answers_whatever_came_and_went(
      *rc::gen::element("ivf", "ivf(3) + pq(4,4)", "ivf(5) + f16", "ivf(4) + lvq(4) + rerank(f16)"));
}
RC_GTEST_PROP(HnswIndexes, AnswerWhateverCameAndWent, ()) {
  answers_whatever_came_and_went(
      *rc::gen::element("hnsw(2,3) + f16", "hnsw(8,40) + f16", "hnsw(4,20) + lvq(4) + rerank(f16)"));
}

}  // namespace
}  // namespace quiver
