// What a graph, and an inverted file, promise of any rows: as many hits as there are rows alive and allowed, no row
// twice, the distances and order of a scan of the same codes, and the same answer whatever the batch, the threads and
// the file.
#include <algorithm>
#include <map>

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

}  // namespace
}  // namespace quiver
