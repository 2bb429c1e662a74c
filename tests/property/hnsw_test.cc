// What a walked graph still promises exactly (index/index.h): hits are rows that are there, with the distances of the
// codes, in order, never fewer than there are; the same for every batch, thread count and file.
#include <algorithm>
#include <set>

#include "quiver/index/spec.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::done;
using property::Folder;
using property::rows_of;
using property::value_of;

class Sparse final : public RowFilter {  // claims what it likes
 public:
  Sparse(std::uint32_t n, double claim) : n_(n), claim_(claim) {}
  bool allows(std::uint32_t row) const noexcept override { return row % n_ == 0; }
  double selectivity() const noexcept override { return claim_; }

 private:
  std::uint32_t n_;
  double claim_;
};

std::vector<Hit> listed(std::span<const Hit> hits) { return {hits.begin(), hits.end()}; }

void check_promises(const Index& index, const Index& exact, const MatrixView& queries, const SearchParams& params) {
  Run one({.threads = 1}), three({.threads = 3});
  const Hits found = value_of(index.search_batch(queries, params, one));
  const Hits threaded = value_of(index.search_batch(queries, params, three));
  RC_ASSERT(found.hits == threaded.hits);
  RC_ASSERT(found.counts == threaded.counts);
  SearchParams every = params;
  every.k = static_cast<std::uint32_t>(exact.size());
  const Hits all = value_of(exact.search_batch(queries, every, one));
  for (std::size_t q = 0; q < queries.rows; ++q) {
    const auto hits = found.of(q), allowed = all.of(q);
    RC_ASSERT(hits.size() == std::min<std::size_t>(params.k, allowed.size()));
    RC_ASSERT(std::is_sorted(hits.begin(), hits.end(), closer));
    std::set<std::uint32_t> rows;
    for (const Hit& hit : hits) {
      RC_ASSERT(rows.insert(hit.row).second);
      RC_ASSERT(std::find(allowed.begin(), allowed.end(), hit) != allowed.end());
    }
    Scratch scratch;
    std::vector<Hit> single(params.k);
    single.resize(value_of(index.search(queries.slice(q, 1), params, scratch, single)));
    RC_ASSERT(single == listed(hits));
  }
}

RC_GTEST_PROP(HnswIndexes, KeepWhatEveryIndexPromises, ()) {
  const auto rows = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 40), rc::gen::inRange<std::size_t>(300, 700));
  const auto dims = *rc::gen::inRange<std::size_t>(1, 24);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const bool lvq = *rc::gen::arbitrary<bool>();
  const std::string codes = lvq ? " + lvq(8)" : *rc::gen::element<std::string>("", " + f16", " + bit");
  const std::string structure = *rc::gen::element<std::string>("hnsw(2,3)", "hnsw(3,12)", "hnsw(8,40)");
  const Metric metric = *rc::gen::elementOf(
      lvq ? std::vector<Metric>{Metric::L2, Metric::Dot, Metric::Cosine}
          : std::vector<Metric>{Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming});
  const property::Shape shape = property::shape_of(seed);
  const Space space{.id = "", .dims = dims, .metric = metric};
  const Matrix base = rows_of(shape, rows, dims, seed), queries = rows_of(shape, 5, dims, seed + 1);
  Run run({.seed = seed, .threads = 1});
  const auto index = value_of(build_index(value_of(IndexSpec::parse(structure + codes)), base.view(), space, {}, run));
  const auto exact = value_of(build_index(value_of(IndexSpec::parse("flat" + codes)), base.view(), space, {}, run));

  const auto more = *rc::gen::inRange<std::size_t>(0, 20);
  const Matrix added = rows_of(shape, more, dims, seed + 2);
  done(index->add(added.view()));
  done(exact->add(added.view()));
  for (std::uint32_t row = 0; row < exact->size(); ++row) {
    if (mix(seed, row) % 5 != 0) continue;
    done(index->remove({&row, 1}));
    done(exact->remove({&row, 1}));
  }
  const Sparse filter(*rc::gen::inRange<std::uint32_t>(1, 60), *rc::gen::element(0.001, 0.3, 1.0));
  const auto k = *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 20),
                                 rc::gen::just(static_cast<std::uint32_t>(exact->size()) + 2));
  const SearchParams params{.k = k,
                            .effort = *rc::gen::inRange<std::uint32_t>(1, 30),
                            .filter = *rc::gen::arbitrary<bool>() ? &filter : nullptr};
  check_promises(*index, *exact, queries.view(), params);

  const Folder folder;
  done(index->save(folder / "index.qvi"));
  const auto opened = value_of(open_index(folder / "index.qvi"));
  RC_ASSERT(opened->bytes() == index->bytes());
  RC_ASSERT(value_of(opened->search_batch(queries.view(), params, run)).hits ==
            value_of(index->search_batch(queries.view(), params, run)).hits);
  check_promises(*opened, *exact, queries.view(), params);
}

RC_GTEST_PROP(HnswIndexes, OverShortVectorsKeepItToo, ()) {
  const auto rows = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(1, 40), rc::gen::inRange<std::size_t>(300, 700));
  const auto dims = *rc::gen::inRange<std::size_t>(1, 24);
  const auto shorter = *rc::gen::inRange<std::size_t>(1, dims + 1);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Cosine);
  const std::string fine = *rc::gen::element<std::string>("f32", "f16", "lvq(8)");
  const std::string structure = *rc::gen::element<std::string>("flat", "hnsw(3,12)");
  const std::string spec = structure + " + random(" + std::to_string(shorter) + ") + lvq(8) + rerank(" + fine + ")";
  const property::Shape shape = property::shape_of(seed);
  const Space space{.id = "", .dims = dims, .metric = metric};
  const Matrix base = rows_of(shape, rows, dims, seed), queries = rows_of(shape, 5, dims, seed + 1);
  Run run({.seed = seed, .threads = 1});
  const auto index = value_of(build_index(value_of(IndexSpec::parse(spec)), base.view(), space, {}, run));
  const auto exact = value_of(build_index(value_of(IndexSpec::parse("flat + " + fine)), base.view(), space, {}, run));
  const Matrix added = rows_of(shape, *rc::gen::inRange<std::size_t>(0, 20), dims, seed + 2);
  done(index->add(added.view()));
  done(exact->add(added.view()));
  const Sparse filter(*rc::gen::inRange<std::uint32_t>(1, 60), *rc::gen::element(0.001, 0.3, 1.0));
  const SearchParams params{.k = *rc::gen::inRange<std::uint32_t>(0, 20),
                            .effort = *rc::gen::inRange<std::uint32_t>(1, 30),
                            .filter = *rc::gen::arbitrary<bool>() ? &filter : nullptr};
  check_promises(*index, *exact, queries.view(), params);
  const Folder folder;
  done(index->save(folder / "index.qvi"));
  check_promises(*value_of(open_index(folder / "index.qvi")), *exact, queries.view(), params);
}

}  // namespace
}  // namespace quiver
