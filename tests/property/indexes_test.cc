// What every index promises (index/index.h): the hits of a brute-force sort, whatever the batch, threads, filter,
// removals and file; ties by row.
#include <algorithm>
#include <optional>

#include "quiver/index/flat.h"
#include "quiver/index/spec.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::done;
using property::Folder;
using property::rows_of;
using property::value_of;

class EveryNth final : public RowFilter {
 public:
  explicit EveryNth(std::uint32_t n) : n_(n) {}
  bool allows(std::uint32_t row) const noexcept override { return row % n_ == 1 % n_; }
  double selectivity() const noexcept override { return 1.0 / n_; }

 private:
  std::uint32_t n_;
};

struct Drawn {
  IndexSpec spec;
  Space space;
  Matrix base, queries;
  std::unique_ptr<Index> index;
};

constexpr const char* kSpecs[] = {"flat",          "flat + f16", "flat + bf16",           "flat + lvq(8)",
                                  "flat + lvq(4)", "flat + bit", "flat + prefix(1) + f16"};

Drawn draw() {
  const auto rows = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 70), rc::gen::inRange<std::size_t>(900, 2200));
  const auto dims = *rc::gen::inRange<std::size_t>(1, 40);
  const auto queries = *rc::gen::inRange<std::size_t>(1, 30);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto spec =
      value_of(IndexSpec::parse(*rc::gen::elementOf(std::vector<const char*>(std::begin(kSpecs), std::end(kSpecs)))));
  const bool lvq = spec.codes && spec.codes->name == "lvq";
  const Metric metric = *rc::gen::elementOf(
      lvq ? std::vector<Metric>{Metric::L2, Metric::Dot, Metric::Cosine}
          : std::vector<Metric>{Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming});
  const property::Shape shape = property::shape_of(seed);
  Drawn d{spec, Space{.id = "qv:test", .dims = dims, .metric = metric}, rows_of(shape, rows, dims, seed),
          rows_of(shape, queries, dims, seed + 1), nullptr};
  Run run({.threads = 2});
  d.index = value_of(build_index(d.spec, d.base.view(), d.space, {}, run));
  return d;
}

// All distances by the scorer (held to the reference by quantizers_test), sorted.
std::vector<Hit> brute_force(const Index& index, const RowsView& query, const SearchParams& params,
                             const std::vector<bool>& gone) {
  const Codes& codes = dynamic_cast<const FlatIndex&>(index).codes();
  const auto scorer = value_of(codes.scorer(query));
  std::vector<float> distances(codes.rows());
  scorer->score_range(0, codes.rows(), distances.data());
  std::vector<Hit> hits;
  for (std::uint32_t row = 0; row < distances.size(); ++row) {
    if (row < gone.size() && gone[row]) continue;
    if (params.filter == nullptr || params.filter->allows(row)) hits.push_back({row, distances[row]});
  }
  std::sort(hits.begin(), hits.end(), closer);
  hits.resize(std::min<std::size_t>(hits.size(), params.k));
  return hits;
}

void check_all_ways(const Index& index, const MatrixView& queries, const SearchParams& params,
                    const std::vector<bool>& gone = {}) {
  Run one({.threads = 1}), three({.threads = 3});
  const Hits batch = value_of(index.search_batch(queries, params, one));
  const Hits threaded = value_of(index.search_batch(queries, params, three));
  RC_ASSERT(batch.queries() == queries.rows);
  RC_ASSERT(batch.hits == threaded.hits);
  RC_ASSERT(batch.counts == threaded.counts);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    const std::vector<Hit> expected = brute_force(index, queries.slice(q, 1), params, gone);
    const auto of_batch = batch.of(q);
    RC_ASSERT(std::vector<Hit>(of_batch.begin(), of_batch.end()) == expected);
    Scratch scratch(q % 2 == 0 ? nullptr : &three.threads());
    std::vector<Hit> single(params.k);
    single.resize(value_of(index.search(queries.slice(q, 1), params, scratch, single)));
    RC_ASSERT(single == expected);
  }
}

SearchParams draw_params(std::size_t rows) {
  const auto k =
      *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 20), rc::gen::just(static_cast<std::uint32_t>(rows)),
                      rc::gen::just(static_cast<std::uint32_t>(rows + 3)));
  return {.k = k};
}

RC_GTEST_PROP(Indexes, FlatIsBruteForceWhateverTheWay, ()) {
  const Drawn d = draw();
  check_all_ways(*d.index, d.queries.view(), draw_params(d.base.rows()));
}

RC_GTEST_PROP(Indexes, FiltersAreExact, ()) {
  const Drawn d = draw();
  const EveryNth filter(*rc::gen::inRange<std::uint32_t>(1, 40));
  SearchParams params = draw_params(d.base.rows());
  params.filter = &filter;
  check_all_ways(*d.index, d.queries.view(), params);
}

RC_GTEST_PROP(Indexes, AddAndRemoveInAnyOrder, ()) {
  Drawn d = draw();
  std::vector<bool> gone(d.base.rows());
  const auto steps = *rc::gen::inRange<int>(1, 8);
  Run run({.threads = 1});
  for (int step = 0; step < steps; ++step) {
    const auto what = *rc::gen::weightedElement<int>({{3, 0}, {3, 1}, {1, 2}});
    if (what == 0) {
      const auto count = *rc::gen::inRange<std::size_t>(0, 30);
      const Matrix more = rows_of(property::Shape::SmallIntegers, count, d.space.dims, mix(count, gone.size()));
      done(d.index->add(more.view()));
      gone.resize(gone.size() + count);
    } else if (what == 2) {
      std::vector<std::uint32_t> left;
      for (std::uint32_t row = 0; row < gone.size(); ++row) {
        if (!gone[row]) left.push_back(row);
      }
      RC_ASSERT(value_of(d.index->compact(run)) == left);
      gone.assign(left.size(), false);
    } else if (!gone.empty()) {
      const auto row = *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(gone.size()));
      const auto removed = d.index->remove({&row, 1});
      RC_ASSERT(removed.has_value() == !gone[row]);
      gone[row] = true;
    }
  }
  RC_ASSERT(d.index->size() == gone.size());
  RC_ASSERT(d.index->live() == static_cast<std::size_t>(std::count(gone.begin(), gone.end(), false)));
  check_all_ways(*d.index, d.queries.view(), draw_params(gone.size()), gone);

  const Folder folder;
  done(d.index->save(folder / "index.qvi"));
  const auto opened = value_of(open_index(folder / "index.qvi"));
  RC_ASSERT(opened->spec() == d.index->spec());
  RC_ASSERT(opened->space() == d.index->space());
  RC_ASSERT(opened->size() == d.index->size());
  RC_ASSERT(opened->bytes() == d.index->bytes());
  check_all_ways(*opened, d.queries.view(), draw_params(gone.size()), gone);
}

RC_GTEST_PROP(Indexes, RerankOrdersByTheFinerCodes, ()) {
  const auto rows = *rc::gen::inRange<std::size_t>(1, 300);
  const auto dims = *rc::gen::inRange<std::size_t>(2, 40);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Cosine);
  const Space space{.id = "", .dims = dims, .metric = metric};
  const Matrix base = rows_of(property::Shape::Normal, rows, dims, seed);
  const Matrix queries = rows_of(property::Shape::Normal, 20, dims, seed + 1);
  Run run({.threads = 2});
  const auto index =
      value_of(build_index(value_of(IndexSpec::parse("flat+lvq(4)+rerank(f32)")), base.view(), space, {}, run));
  const auto exact = value_of(build_index({}, base.view(), space, {}, run));
  // With every row a candidate nothing is lost, and the distances are those of the floats.
  SearchParams params{.k = 5, .rerank = static_cast<std::uint32_t>(rows)};
  const Hits found = value_of(index->search_batch(queries.view(), params, run));
  const Hits truth = value_of(exact->search_batch(queries.view(), params, run));
  RC_ASSERT(found.hits == truth.hits);
  // With fewer, batch and single still agree.
  params.rerank = 7;
  const Hits batch = value_of(index->search_batch(queries.view(), params, run));
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    Scratch scratch;
    std::vector<Hit> single(params.k);
    single.resize(value_of(index->search(queries.view().slice(q, 1), params, scratch, single)));
    const auto expected = batch.of(q);
    RC_ASSERT(single == std::vector<Hit>(expected.begin(), expected.end()));
  }
}

RC_GTEST_PROP(Indexes, TypedRowsAnswerLikeTheReference, ()) {
  // Small whole numbers: every distance is exact in float, so the order must be the reference's to the last tie.
  const Element element =
      *rc::gen::element(Element::F32, Element::F16, Element::Bf16, Element::I8, Element::U8, Element::Bit);
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Manhattan, Metric::Hamming);
  const auto rows = *rc::gen::inRange<std::size_t>(0, 400);
  const auto dims = *rc::gen::inRange<std::size_t>(1, 70);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto draw_values = [&](std::size_t count, std::uint64_t stream) {
    Matrix values(count, dims);
    for (std::size_t i = 0; i < count; ++i) {
      Random random(mix(seed, stream), i);
      for (float& x : values.row(i)) x = static_cast<float>(random.below(element == Element::Bit ? 2 : 4));
    }
    return values;
  };
  const Matrix values = draw_values(rows, 1), query_values = draw_values(16, 2);
  const TypedMatrix base = value_of(to_element(values.view(), element));
  const TypedMatrix queries = value_of(to_element(query_values.view(), element));
  Run run({.threads = 2});
  const auto index = value_of(build_index({}, base.view(), {.id = "", .dims = 0, .metric = metric}, {}, run));
  const Hits hits = value_of(index->search_batch(queries.view(), {.k = 9}, run));
  const Hits by_float = value_of(index->search_batch(query_values.view(), {.k = 9}, run));
  RC_ASSERT(hits.hits == by_float.hits);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    std::vector<Hit> expected;
    for (std::uint32_t i = 0; i < rows; ++i) {
      expected.push_back({i, static_cast<float>(distance(metric, query_values.row(q), values.row(i)))});
    }
    std::sort(expected.begin(), expected.end(), closer);
    expected.resize(std::min<std::size_t>(9, rows));
    const auto found = hits.of(q);
    RC_ASSERT(std::vector<Hit>(found.begin(), found.end()) == expected);
  }
}

RC_GTEST_PROP(Indexes, ExtremeLengthsLoseNoHit, ()) {
  // Lengths that overflow or vanish leave no margin for a product: the tile is scanned, and the answer stays the
  // scan's.
  const auto dims = *rc::gen::inRange<std::size_t>(1, 20);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = *rc::gen::element(Metric::L2, Metric::Dot, Metric::Cosine);
  Matrix base = rows_of(property::Shape::Normal, 200, dims, seed);
  Matrix queries = rows_of(property::Shape::Normal, 14, dims, seed + 1);
  for (Matrix* rows : {&base, &queries}) {
    for (std::size_t i = 0; i < rows->rows(); i += 3) {
      const float scale = *rc::gen::element(1e-30F, 1e-22F, 1e-18F, 1.0F, 1e15F, 1e18F, 1e25F);
      for (float& x : rows->row(i)) x *= scale;
    }
  }
  Run run({.threads = 2});
  const Space space{.id = "", .dims = dims, .metric = metric};
  const auto index = value_of(build_index({}, base.view(), space, {}, run));
  const Hits batch = value_of(index->search_batch(queries.view(), {.k = 8}, run));
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    Scratch scratch;
    std::vector<Hit> single(8);
    single.resize(value_of(index->search(queries.view().slice(q, 1), {.k = 8}, scratch, single)));
    const auto of_batch = batch.of(q);
    RC_ASSERT(std::vector<Hit>(of_batch.begin(), of_batch.end()) == single);
  }
}

}  // namespace
}  // namespace quiver
