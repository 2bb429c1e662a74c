#include "quiver/index/hnsw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/ground_truth.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kSeed = 11;

Space hnsw_space(std::size_t dims, Metric metric) {
  return {.id = "", .dims = dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
}
Matrix drawn(std::size_t rows, std::size_t dims, std::uint64_t stream) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kSeed, stream), i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}
std::unique_ptr<Index> built_from(const char* spec, const RowsView& base, Metric metric, std::uint64_t seed = kSeed) {
  quiver::Run run({.seed = seed, .threads = 1});
  auto index = build_index(*IndexSpec::parse(spec), base, hnsw_space(dims_of(base), metric), {}, run);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}
Hits found_by(const Index& index, const RowsView& queries, const SearchParams& params, unsigned threads = 2,
              SearchStats* stats = nullptr) {
  quiver::Run run({.threads = threads});
  auto hits = index.search_batch(queries, params, run, stats);
  EXPECT_TRUE(hits.has_value()) << hits.error().message();
  return *std::move(hits);
}
std::vector<Hit> of_first(const Hits& hits) { return {hits.of(0).begin(), hits.of(0).end()}; }

class EveryNthRow final : public RowFilter {
 public:
  EveryNthRow(std::uint32_t n, double selectivity) : n_(n), selectivity_(selectivity) {}
  bool allows(std::uint32_t row) const noexcept override { return n_ > 0 && row % n_ == 0; }
  double selectivity() const noexcept override { return selectivity_; }

 private:
  std::uint32_t n_;
  double selectivity_;
};

double recall_of(const Index& index, const Index& exact, const RowsView& queries, const SearchParams& params) {
  return GroundTruth{found_by(exact, queries, {.k = params.k, .filter = params.filter})}.recall(
      found_by(index, queries, params), params.k);
}

TEST(Hnsw, FindsWhatAScanFindsForEveryMetric) {
  const Matrix base = drawn(3000, 16, 1), queries = drawn(100, 16, 2);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan}) {
    const auto index = built_from("hnsw", base.view(), metric);
    const auto exact = built_from("flat", base.view(), metric);
    SearchStats stats;
    found_by(*index, queries.view(), {.k = 10}, 2, &stats);
    EXPECT_EQ(stats.plan, "walk");
    EXPECT_LT(stats.distances, 100U * 1500);
    EXPECT_GT(stats.hops, 100U);
    EXPECT_LT(stats.hops, stats.distances);
    EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10}), 0.97) << name_of(metric) << ", seed " << kSeed;
    EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10, .effort = 400}), 0.995) << name_of(metric);
  }
}

TEST(Hnsw, WalksOnEveryElementType) {
  Matrix base = drawn(2000, 24, 1), queries = drawn(50, 24, 2);
  for (Matrix* rows : {&base, &queries}) {
    for (std::size_t i = 0; i < rows->rows(); ++i) {
      for (float& x : rows->row(i)) x = std::min(127.0F, std::round(std::abs(x) * 40));
    }
  }
  for (const Element element : {Element::F16, Element::Bf16, Element::I8, Element::U8}) {
    const auto typed_base = to_element(base.view(), element);
    ASSERT_TRUE(typed_base.has_value()) << typed_base.error().message();
    const auto index = built_from("hnsw", typed_base->view(), Metric::L2);
    const auto exact = built_from("flat", typed_base->view(), Metric::L2);
    EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10}), 0.95) << name_of(element) << ", seed " << kSeed;
  }
}

TEST(Hnsw, WalksOnBits) {
  const Matrix base = drawn(2000, 128, 1), queries = drawn(50, 128, 2);
  const auto index = built_from("hnsw(24) + bit", base.view(), Metric::Hamming);
  const auto exact = built_from("flat + bit", base.view(), Metric::Hamming);
  EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10, .effort = 300}), 0.9) << "seed " << kSeed;
}

TEST(Hnsw, FinerCodesOrderWhatTheWalkKept) {
  const Matrix base = drawn(2000, 32, 1), queries = drawn(50, 32, 2);
  const auto exact = built_from("flat", base.view(), Metric::L2);
  const auto index = built_from("hnsw + lvq(4) + rerank(f32)", base.view(), Metric::L2);
  SearchStats stats;
  found_by(*index, queries.view(), {.k = 10, .effort = 200}, 1, &stats);
  EXPECT_EQ(stats.reranked, 50U * 64);
  EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10, .effort = 200}), 0.95) << "seed " << kSeed;
  found_by(*index, queries.view(), {.k = 10, .rerank = 100}, 1, &stats);
  EXPECT_EQ(stats.reranked, 50U * 164);
}

TEST(Hnsw, TheAnswerDependsOnRowsSeedAndSpecAlone) {
  const Matrix base = drawn(1500, 12, 1), queries = drawn(40, 12, 2);
  const auto index = built_from("hnsw(8,60)", base.view(), Metric::L2);
  const auto again = built_from("hnsw(8,60)", base.view(), Metric::L2);
  const Hits hits = found_by(*index, queries.view(), {.k = 5, .effort = 8});
  EXPECT_EQ(hits.hits, found_by(*again, queries.view(), {.k = 5, .effort = 8}, 1).hits);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    Scratch scratch;
    std::vector<Hit> single(5);
    const auto count = index->search(queries.view().slice(q, 1), {.k = 5, .effort = 8}, scratch, single);
    ASSERT_TRUE(count.has_value()) << count.error().message();
    single.resize(*count);
    EXPECT_EQ(single, std::vector<Hit>(hits.of(q).begin(), hits.of(q).end()));
  }
  const auto other = built_from("hnsw(8,60)", base.view(), Metric::L2, kSeed + 1);
  EXPECT_NE(dynamic_cast<const HnswIndex&>(*index).in_degrees(), dynamic_cast<const HnswIndex&>(*other).in_degrees());
}

TEST(Hnsw, AddingGivesTheGraphThatBuildingGives) {
  const Matrix base = drawn(900, 12, 1);
  const auto whole = built_from("hnsw(8,60)", base.view(), Metric::L2);
  const auto grown = built_from("hnsw(8,60)", base.view().slice(0, 0), Metric::L2);
  ASSERT_TRUE(grown->add(base.view().slice(0, 500)).has_value());
  ASSERT_TRUE(grown->add(base.view().slice(500, 400)).has_value());
  const TemporaryFolder folder;
  ASSERT_TRUE(whole->save(folder.path() / "whole.qvi").has_value());
  ASSERT_TRUE(grown->save(folder.path() / "grown.qvi").has_value());
  EXPECT_EQ(Container::open(folder.path() / "whole.qvi", "index")->digest(),
            Container::open(folder.path() / "grown.qvi", "index")->digest());
}

TEST(Hnsw, AnOrderMovesTheGraphButNotTheRowNumbers) {
  const Matrix base = drawn(600, 8, 1);
  quiver::Run run({.seed = kSeed, .threads = 1});
  std::vector<std::uint32_t> backwards(600);
  std::iota(backwards.rbegin(), backwards.rend(), 0U);
  const auto index =
      HnswIndex::build(*IndexSpec::parse("hnsw"), base.view(), hnsw_space(8, Metric::L2), {}, run, backwards);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  const auto exact = built_from("flat", base.view(), Metric::L2);
  EXPECT_EQ(found_by(**index, base.view(), {.k = 1}).hits, found_by(*exact, base.view(), {.k = 1}).hits);
  const auto forwards = built_from("hnsw", base.view(), Metric::L2);
  EXPECT_NE(dynamic_cast<const HnswIndex&>(**index).in_degrees(),
            dynamic_cast<const HnswIndex&>(*forwards).in_degrees());
}

TEST(Hnsw, IsTheSameAfterSavingAndOpening) {
  const Matrix base = drawn(1200, 12, 1), queries = drawn(30, 12, 2);
  const auto index = built_from("hnsw(6,50) + lvq(8) + rerank(f16)", base.view(), Metric::Cosine);
  const std::uint32_t gone[] = {0, 5, 77};
  ASSERT_TRUE(index->remove(gone).has_value());
  const TemporaryFolder folder;
  ASSERT_TRUE(index->save(folder.path() / "x.qvi").has_value());
  auto opened = open_index(folder.path() / "x.qvi");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ((*opened)->spec(), "hnsw(6,50) + lvq(8) + rerank(f16)");
  EXPECT_EQ((*opened)->bytes(), index->bytes());
  EXPECT_EQ((*opened)->live(), 1197U);
  EXPECT_EQ(found_by(**opened, queries.view(), {.k = 7}).hits, found_by(*index, queries.view(), {.k = 7}).hits);
  ASSERT_TRUE(index->add(queries.view()).has_value());
  ASSERT_TRUE((*opened)->add(queries.view()).has_value());
  EXPECT_EQ(found_by(**opened, queries.view(), {.k = 7}).hits, found_by(*index, queries.view(), {.k = 7}).hits);
}

TEST(Hnsw, RemovedRowsLeadOnButAreNoHits) {
  const Matrix base = drawn(2000, 12, 1), queries = drawn(40, 12, 2);
  const auto index = built_from("hnsw", base.view(), Metric::L2);
  const auto exact = built_from("flat", base.view(), Metric::L2);
  std::vector<std::uint32_t> gone;
  for (std::uint32_t row = 0; row < 2000; row += 2) gone.push_back(row);
  ASSERT_TRUE(index->remove(gone).has_value());
  ASSERT_TRUE(exact->remove(gone).has_value());
  EXPECT_GE(recall_of(*index, *exact, queries.view(), {.k = 10}), 0.97) << "seed " << kSeed;
  for (const Hit& hit : found_by(*index, queries.view(), {.k = 10}).hits) EXPECT_EQ(hit.row % 2, 1U);
  EXPECT_THAT(index->remove({gone.data(), 1}).error().message(), HasSubstr("removed"));
  std::vector<std::uint32_t> rest;
  for (std::uint32_t row = 1; row < 2000; row += 2) rest.push_back(row);
  ASSERT_TRUE(index->remove(rest).has_value());
  EXPECT_EQ(index->live(), 0U);
  EXPECT_THAT(of_first(found_by(*index, queries.view(), {.k = 10})), IsEmpty());
  ASSERT_TRUE(index->add(queries.view().slice(0, 1)).has_value());
  EXPECT_THAT(of_first(found_by(*index, queries.view(), {.k = 10})), ElementsAre(Hit{2000, 0}));
}

TEST(Hnsw, CompactingLosesNoRecall) {
  const Matrix base = drawn(4000, 16, 1), queries = drawn(100, 16, 2);
  for (const std::uint32_t one_in : {10U, 2U}) {
    const auto index = built_from("hnsw", base.view(), Metric::L2), exact = built_from("flat", base.view(), Metric::L2);
    std::vector<std::uint32_t> gone;
    for (std::uint32_t row = 0; row < 4000; row += one_in) gone.push_back(row);
    quiver::Run run({.threads = 1});
    for (Index* each : {index.get(), exact.get()}) ASSERT_TRUE(each->remove(gone).has_value());
    const auto numbers = index->compact(run);
    ASSERT_TRUE(numbers.has_value()) << numbers.error().message();
    EXPECT_EQ(*numbers, *exact->compact(run));
    Matrix left(numbers->size(), 16);
    for (std::size_t i = 0; i < left.rows(); ++i) std::ranges::copy(base.row((*numbers)[i]), left.row(i).begin());
    const auto fresh = built_from("hnsw", left.view(), Metric::L2);
    for (const std::uint32_t effort : {16U, 40U, 100U}) {
      const SearchParams params{.k = 10, .effort = effort};
      SearchStats compacted, rebuilt;
      found_by(*index, queries.view(), params, 1, &compacted);
      found_by(*fresh, queries.view(), params, 1, &rebuilt);
      const double recall = recall_of(*index, *exact, queries.view(), params);
      EXPECT_GE(recall, recall_of(*fresh, *exact, queries.view(), params) - 0.005)
          << "one in " << one_in << " gone, effort " << effort << ", seed " << kSeed;
      EXPECT_LT(static_cast<double>(compacted.distances), 1.3 * static_cast<double>(rebuilt.distances));
    }
    const auto degrees = dynamic_cast<const HnswIndex&>(*index).in_degrees();
    EXPECT_EQ(std::ranges::count(degrees, 0U), 0) << "a row that nobody leads to is found by no walk";
  }
}

TEST(Hnsw, FiltersLoseNoHitsWhateverTheyClaim) {
  const Matrix base = drawn(6000, 12, 1), queries = drawn(40, 12, 2);
  const auto index = built_from("hnsw", base.view(), Metric::L2);
  const auto exact = built_from("flat", base.view(), Metric::L2);
  const EveryNthRow half(2, 0.5), rare(500, 0.002), rare_claims_all(500, 1), none_claims_all(0, 1);
  for (const EveryNthRow* filter : {&half, &rare, &rare_claims_all}) {
    const SearchParams params{.k = 10, .filter = filter};
    const Hits found = found_by(*index, queries.view(), params), truth = found_by(*exact, queries.view(), params);
    EXPECT_EQ(found.counts, truth.counts);
    EXPECT_GE(recall_of(*index, *exact, queries.view(), params), filter == &half ? 0.97 : 1) << "seed " << kSeed;
  }
  SearchStats stats;
  found_by(*index, queries.view(), {.k = 10, .filter = &half}, 2, &stats);
  EXPECT_EQ(stats.plan, "walk");
  found_by(*index, queries.view(), {.k = 10, .filter = &rare}, 2, &stats);
  EXPECT_EQ(stats.plan, "filter first");
  EXPECT_THAT(of_first(found_by(*index, queries.view(), {.k = 10, .filter = &none_claims_all})), IsEmpty());
}

TEST(Hnsw, SmallAndOddIndexes) {
  const Matrix one = drawn(1, 3, 1), none(0, 3), query = drawn(1, 3, 2);
  const auto of_one = built_from("hnsw", one.view(), Metric::L2);
  EXPECT_EQ(found_by(*of_one, one.view(), {.k = 5}).hits, (std::vector<Hit>{{0, 0}}));
  const auto of_none = built_from("hnsw", none.view(), Metric::L2);
  EXPECT_THAT(of_first(found_by(*of_none, query.view(), {.k = 5})), IsEmpty());
  const TemporaryFolder folder;
  ASSERT_TRUE(of_none->save(folder.path() / "none.qvi").has_value());
  ASSERT_TRUE(open_index(folder.path() / "none.qvi").has_value());

  // More asked for than the walk can find or than there is: the answer is whole.
  const Matrix base = drawn(1500, 3, 1);
  const auto index = built_from("hnsw(2,4)", base.view(), Metric::L2);
  const auto exact = built_from("flat", base.view(), Metric::L2);
  EXPECT_EQ(found_by(*index, query.view(), {.k = 2000}).hits, found_by(*exact, query.view(), {.k = 2000}).hits);
  EXPECT_EQ(found_by(*index, query.view(), {.k = 0}).hits.size(), 0U);

  Matrix same(800, 3);
  const auto duplicates = built_from("hnsw(4,16)", same.view(), Metric::L2);
  const Hits hits = found_by(*duplicates, same.view().slice(0, 1), {.k = 700});
  EXPECT_EQ(hits.counts[0], 700U);
  for (const Hit& hit : hits.of(0)) EXPECT_EQ(hit.distance, 0);
}

TEST(Hnsw, SaysWhatIsWrong) {
  const Matrix base = drawn(30, 2, 1), longer(1, 3), two(2, 2);
  Matrix bad(1, 2);
  bad.row(0)[1] = NAN;
  const auto index = built_from("hnsw", base.view(), Metric::L2);
  Scratch scratch;
  std::vector<Hit> out(1);
  EXPECT_THAT(index->search(longer.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("3 dims"));
  EXPECT_THAT(index->search(two.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("use search_batch"));
  EXPECT_THAT(index->search(bad.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("column 1 is NaN"));
  quiver::Run run({.threads = 1});
  EXPECT_THAT(index->search_batch(bad.view(), {.k = 1}, run).error().message(), HasSubstr("row 0, column 1 is NaN"));
  EXPECT_THAT(index->search_batch(longer.view(), {.k = 1}, run).error().message(), HasSubstr("3 dims"));
  EXPECT_FALSE(index->add(bad.view()).has_value());
  EXPECT_FALSE(index->add(longer.view()).has_value());
  EXPECT_EQ(index->size(), 30U);
  EXPECT_EQ(found_by(*index, base.view(), {.k = 1}).queries(), 30U);
  const IndexSpec spec = *IndexSpec::parse("hnsw");
  EXPECT_FALSE(build_index(spec, bad.view(), hnsw_space(2, Metric::L2), {}, run).has_value());
  EXPECT_THAT(build_index(spec, SparseView{}, hnsw_space(2, Metric::L2), {}, run).error().message(),
              HasSubstr("takes dense rows"));
  IndexSpec by_hand;
  by_hand.structure = "hnsw";
  EXPECT_EQ((*build_index(by_hand, base.view(), hnsw_space(2, Metric::L2), {}, run))->spec(), "hnsw(16,128)");
  by_hand.arguments = {1, 1};
  EXPECT_THAT(build_index(by_hand, base.view(), hnsw_space(2, Metric::L2), {}, run).error().message(),
              HasSubstr("M is 2"));
  run.cancel();
  EXPECT_EQ(index->search_batch(two.view(), {.k = 1}, run).error().code(), Code::Cancelled);
  EXPECT_EQ(build_index(spec, base.view(), hnsw_space(2, Metric::L2), {}, run).error().code(), Code::Cancelled);
}

// A file as save() writes it, with one section put in another's place.
Result<std::unique_ptr<Index>> opened_with(const std::filesystem::path& from, const std::string& name,
                                           const std::string& content) {
  const Container file = *Container::open(from, "index");
  ContainerWriter writer("index");
  for (const std::string& section : file.names()) {
    writer.add(section, section == name ? content : std::string(*file.text(section)));
  }
  const std::filesystem::path changed = from.parent_path() / "changed.qvi";
  EXPECT_TRUE(writer.save(changed).has_value());
  return open_index(changed);
}
template <class T>
std::string with_entry(const std::filesystem::path& from, const char* name, std::size_t at, T value) {
  std::string bytes(*(*Container::open(from, "index")).text(name));
  std::memcpy(bytes.data() + at * sizeof(T), &value, sizeof value);
  return bytes;
}

TEST(Hnsw, OpensNothingBroken) {
  const Matrix base = drawn(300, 4, 1);
  const auto index = built_from("hnsw(4,20)", base.view(), Metric::L2);
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "x.qvi";
  ASSERT_TRUE(index->save(path).has_value());
  const auto message = [&](const char* section, const std::string& content) {
    const auto opened = opened_with(path, section, content);
    EXPECT_FALSE(opened.has_value()) << section;
    EXPECT_EQ(opened.error().code(), Code::Corruption);
    return opened.has_value() ? "" : opened.error().message();
  };
  const std::string base_links(*(*Container::open(path, "index")).text("links/base"));
  ASSERT_TRUE(opened_with(path, "links/base", base_links).has_value());
  EXPECT_THAT(message("links/base", base_links.substr(4)), HasSubstr("'links/base' has 2699 entries"));
  EXPECT_THAT(message("links/base", base_links.substr(1)), HasSubstr("links/base"));
  EXPECT_THAT(message("links/base", with_entry<std::uint32_t>(path, "links/base", 0, 9)), HasSubstr("names 9"));
  EXPECT_THAT(message("links/base", with_entry<std::uint32_t>(path, "links/base", 1, 300)), HasSubstr("neighbour 300"));
  EXPECT_THAT(message("links/upper", ""), HasSubstr("links/upper"));
  EXPECT_THAT(message("links/levels", with_entry<std::uint8_t>(path, "links/levels", 7, 60)), HasSubstr("links"));
  EXPECT_THAT(message("links/head", with_entry<std::uint64_t>(path, "links/head", 1, 300)),
              HasSubstr("row 300 of 300"));
  EXPECT_THAT(message("links/head", with_entry<std::uint64_t>(path, "links/head", 1, 1ULL << 40)),
              HasSubstr("enters at row"));
  std::uint32_t on_ground = 0;
  const std::string levels(*(*Container::open(path, "index")).text("links/levels"));
  while (levels[on_ground] != 0) ++on_ground;
  EXPECT_THAT(message("links/head", with_entry<std::uint64_t>(path, "links/head", 1, on_ground)),
              HasSubstr("above the entry"));
  EXPECT_THAT(message("links/upper", with_entry<std::uint32_t>(path, "links/upper", 1, on_ground)),
              HasSubstr("where it is not"));

  std::string bytes = *read_file(path);
  for (std::size_t at = 0; at < bytes.size(); at += 97) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 16);
    ASSERT_TRUE(write_file(folder.path() / "flipped.qvi", flipped).has_value());
    ASSERT_FALSE(open_index(folder.path() / "flipped.qvi").has_value()) << at;
    ASSERT_TRUE(write_file(folder.path() / "cut.qvi", bytes.substr(0, at)).has_value());
    ASSERT_FALSE(open_index(folder.path() / "cut.qvi").has_value()) << at;
  }
}

}  // namespace
}  // namespace quiver
