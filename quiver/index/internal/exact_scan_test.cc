// Scans of codes that lie in blocks of 32 rows: the hits are those of every distance computed and sorted.
#include "quiver/index/internal/exact_scan.h"

#include <gmock/gmock.h>

#include "quiver/core/metric.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/flat.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/index/internal/index_testing.h"

namespace quiver::internal {
namespace {

constexpr std::size_t kDims = 24;
constexpr const char* kSpec = "flat + pq(12,4)";

std::vector<Hit> sorted_hits(const Codes& codes, const RowsView& query, std::size_t k, const RowFilter* filter) {
  std::vector<float> distances(codes.rows());
  (*codes.scorer(query))->score_range(0, codes.rows(), distances.data());
  TopK best(k);
  for (std::uint32_t i = 0; i < distances.size(); ++i) {
    if (filter == nullptr || filter->allows(i)) best.offer({i, distances[i]});
  }
  return best.sorted();
}

void expect_all_hits(const Index& index, MatrixView queries, const RowFilter* filter) {
  const Codes& codes = dynamic_cast<const FlatIndex&>(index).codes();
  Scratch alone;
  for (const std::uint32_t k : {1U, 10U, 300U}) {
    const SearchParams params{.k = k, .filter = filter};
    const Hits batch = all_hits(index, queries, params);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      const RowsView query = queries.slice(q, 1);
      const std::vector<Hit> wanted = sorted_hits(codes, query, std::min<std::size_t>(k, index.live()), filter);
      ASSERT_EQ(hits_of(index, query, params, alone), wanted) << "query " << q << ", k " << k << ", seed " << kSeed;
      ASSERT_EQ(of_query(batch, q), wanted) << "query " << q << " of a batch, k " << k << ", seed " << kSeed;
    }
  }
}

TEST(BlockScan, FindsWhatSortingAllDistancesFinds) {
  const Matrix queries = clustered(20, kDims, kSeed, kQueries);
  const Some some(3, 0.5), few(40, 0.001);
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const std::size_t rows : {0U, 1U, 31U, 32U, 33U, 1000U, 2111U}) {
      SCOPED_TRACE(testing::Message() << name_of(metric) << ", " << rows << " rows");
      const Matrix base = clustered(rows, kDims, kSeed);
      for (const char* spec : {kSpec, "flat + opq(8,4)"}) {
        const auto index = made(spec, base.view(), metric);
        EXPECT_TRUE(dynamic_cast<const FlatIndex&>(*index).codes().arranged_for_scans());
        for (const RowFilter* filter : std::initializer_list<const RowFilter*>{nullptr, &some, &few}) {
          expect_all_hits(*index, queries.view(), filter);
        }
      }
    }
  }
}

TEST(BlockScan, KnowsRowsAddedAndRemoved) {
  const Matrix queries = clustered(5, kDims, kSeed, kQueries), base = clustered(500, kDims, kSeed);
  const auto index = made(kSpec, base.view().slice(0, 300), Metric::L2);
  ASSERT_TRUE(index->add(base.view().slice(300, 200)).has_value());
  expect_all_hits(*index, queries.view(), nullptr);
  const auto whole = made(kSpec, base.view(), Metric::L2);
  EXPECT_EQ(index->bytes(), whole->bytes());
  EXPECT_EQ(index->bytes(), 500U * 8 + 16 * kDims * sizeof(float));  // 12 codes in 6 bytes, padded to 8
  const std::uint32_t gone[] = {0, 31, 32, 450};
  ASSERT_TRUE(index->remove(gone).has_value());
  Scratch scratch;
  for (const Hit& hit : hits_of(*index, queries.view().slice(0, 1), {.k = 500}, scratch)) {
    EXPECT_EQ(std::ranges::count(gone, hit.row), 0);
  }
  quiver::Run run({.threads = 1});
  ASSERT_TRUE(index->compact(run).has_value());
  EXPECT_EQ(index->size(), 496U);
  expect_all_hits(*index, queries.view(), nullptr);
}

// Until version 3 these codes lay row by row.
TEST(BlockScan, OpensFilesOfBothLayouts) {
  const TemporaryFolder folder;
  const Matrix queries = clustered(5, kDims, kSeed, kQueries), base = clustered(333, kDims, kSeed);
  const std::filesystem::path newer = folder.path() / "newer.qvi", older = folder.path() / "older.qvi";
  const auto index = made(kSpec, base.view(), Metric::L2);
  ASSERT_TRUE(index->save(newer).has_value());
  const auto file = Container::open(newer, kIndexKind, kNewestVersion);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->version(), kBlocksVersion);

  quiver::Run run({.seed = kSeed, .threads = 1});
  const Space space = space_of(kDims, Metric::L2);
  const auto quantizer = *make_quantizer(*QuantizerSpec::parse("pq(12,4)"), space);
  ASSERT_TRUE(quantizer->fit(base.view(), {}, run).has_value());
  const auto rows = *quantizer->encode(base.view(), run);
  ContainerWriter writer(kIndexKind, kIndexVersion);
  save_index_header(writer, {kSpec, space, 333, 333}, {});
  rows->save(writer, "codes/");
  ASSERT_TRUE(writer.save(older).has_value());

  for (const std::filesystem::path& path : {newer, older}) {
    const auto opened = open_index(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    EXPECT_EQ((*opened)->bytes(), index->bytes());
    expect_all_hits(**opened, queries.view(), nullptr);
    EXPECT_EQ(all_hits(**opened, queries.view(), {.k = 10}).hits, all_hits(*index, queries.view(), {.k = 10}).hits);
  }
}

}  // namespace
}  // namespace quiver::internal
