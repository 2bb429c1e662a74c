// Files of every released version open, answer, take rows and are saved again.
#include "tests/compatibility/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "quiver/core/container.h"
#include "quiver/core/metric.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {

constexpr std::uint32_t kNewest = 100;  // whatever the version is

class EverySample : public testing::TestWithParam<Sample> {
 protected:
  static std::filesystem::path path() {
    return std::filesystem::path("tests/data") / (std::string(GetParam().name) + ".qvi");
  }
  static std::uint32_t all_rows() { return kSampleRows + (GetParam().changed ? kGone.size() : 0); }
  static bool is_gone(std::uint32_t row) { return GetParam().changed && std::ranges::count(kGone, row) > 0; }

  // Asked for everything, and for one row.
  static void expect_right_hits(const Index& index, const Matrix& rows) {
    const Matrix queries = sample_rows(1000, 4);
    Scratch scratch;
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      std::vector<Hit> nearest;
      for (std::uint32_t i = 0; i < rows.rows(); ++i) {
        if (!is_gone(i)) nearest.push_back({i, static_cast<float>(distance(Metric::L2, queries.row(q), rows.row(i)))});
      }
      std::ranges::sort(nearest, closer);
      for (const std::uint32_t k : {static_cast<std::uint32_t>(rows.rows()), 1U}) {
        std::vector<Hit> hits(k);
        const auto found = index.search(queries.view().slice(q, 1), {.k = k, .rerank = 1000}, scratch, hits);
        ASSERT_TRUE(found.has_value()) << found.error().message();
        ASSERT_EQ(*found, std::min<std::size_t>(k, nearest.size()));
        for (std::size_t i = 0; i < *found; ++i) {
          ASSERT_EQ(hits[i].row, nearest[i].row) << "hit " << i << " of query " << q;
          ASSERT_NEAR(hits[i].distance, nearest[i].distance, 1e-4);
        }
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Samples, EverySample, testing::ValuesIn(kSamples), [](const auto& of) {
  std::string name(of.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST_P(EverySample, IsOfItsVersion) {
  const auto file = Container::open(path(), "index", kNewest);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_EQ(file->version(), GetParam().version);
}

TEST_P(EverySample, OpensAnswersAndGoesOn) {
  const auto index = open_index(path());
  ASSERT_TRUE(index.has_value()) << index.error().message();
  EXPECT_EQ((*index)->size(), all_rows());
  EXPECT_EQ((*index)->live(), kSampleRows);
  const Matrix rows = sample_rows(0, all_rows());
  expect_right_hits(**index, rows);

  const Matrix more = sample_rows(all_rows(), 40);
  ASSERT_TRUE((*index)->add(more.view()).has_value());
  const TemporaryFolder folder;
  ASSERT_TRUE((*index)->save(folder.path() / "again.qvi").has_value());
  const auto again = open_index(folder.path() / "again.qvi");
  ASSERT_TRUE(again.has_value()) << again.error().message();
  const Matrix all = sample_rows(0, all_rows() + 40);
  expect_right_hits(**index, all);
  expect_right_hits(**again, all);
}

}  // namespace
}  // namespace quiver
