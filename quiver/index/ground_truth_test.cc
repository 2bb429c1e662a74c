#include "quiver/index/ground_truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace quiver {
namespace {
using testing::ElementsAre;

Rows line(std::initializer_list<float> values) {
  Matrix rows(values.size(), 1);
  std::size_t i = 0;
  for (const float x : values) rows.row(i++)[0] = x;
  return Rows::dense(std::move(rows), {.id = "", .dims = 1, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0});
}

TEST(GroundTruth, IsExactAndSurvivesItsFile) {
  quiver::Run run({.threads = 1});
  const auto truth = exact_neighbours(line({0, 1, 5, 2}), line({0.9F, 6}), 2, run);
  ASSERT_TRUE(truth.has_value()) << truth.error().message();
  EXPECT_THAT(std::vector<std::uint32_t>({truth->hits.of(0)[0].row, truth->hits.of(1)[0].row}), ElementsAre(1, 2));
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "quiver_truth.qvg";
  ASSERT_TRUE(truth->save(path).has_value());
  const auto again = GroundTruth::open(path);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->hits.hits, truth->hits.hits);
  EXPECT_EQ(again->hits.counts, truth->hits.counts);
  EXPECT_EQ(again->recall(truth->hits, 2), 1);
  std::filesystem::remove(path);
  EXPECT_EQ(GroundTruth::open(path).error().code(), Code::NotFound);
}

TEST(GroundTruth, RecallByRowsTrustsNoDistance) {
  quiver::Run run({.threads = 1});
  const auto truth = exact_neighbours(line({0, 1, -1, 2, 5}), line({0}), 4, run);  // rows 1 and 2 are tied
  ASSERT_TRUE(truth.has_value()) << truth.error().message();
  const auto recall = [&](std::vector<std::uint32_t> rows, std::uint32_t k) {
    Hits found{static_cast<std::uint32_t>(rows.size()), {}, {static_cast<std::uint32_t>(rows.size())}};
    for (const std::uint32_t row : rows) found.hits.push_back({row, 99});
    return truth->recall_by_rows(found, k)[0];
  };
  EXPECT_EQ(recall({0, 1}, 2), 1);
  EXPECT_EQ(recall({0, 2}, 2), 1) << "as near as row 1";
  EXPECT_EQ(recall({0, 3}, 2), 0.5);
  EXPECT_EQ(recall({3, 4, 0}, 2), 0) << "only the first k count";
  EXPECT_EQ(recall({}, 2), 0);
  EXPECT_EQ(recall({0, 1, 2, 3}, 4), 1);
}

TEST(GroundTruth, SpacesMustAgree) {
  quiver::Run run({.threads = 1});
  const Space one{.id = "qv:1", .dims = 1, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0};
  Space two = one;
  two.id = "qv:2";
  EXPECT_EQ(exact_neighbours(line({0}).in_space(one), line({0}).in_space(two), 1, run).error().code(),
            Code::FailedPrecondition);
}

TEST(TieTolerantRecall, CountsEqualDistances) {
  const std::vector<Hit> truth = {{3, 0.0F}, {1, 1.0F}, {2, 1.0F}};
  EXPECT_EQ(tie_tolerant_recall(truth, std::vector<Hit>{{3, 0.0F}, {9, 1.0F}}, 2), 1);  // row 9 is as near as row 1
  EXPECT_EQ(tie_tolerant_recall(truth, std::vector<Hit>{{3, 0.0F}, {9, 1.1F}}, 2), 0.5);
  EXPECT_EQ(tie_tolerant_recall(truth, {}, 2), 0);
  EXPECT_EQ(tie_tolerant_recall({}, std::vector<Hit>{{3, 0.0F}}, 2), 1);
  EXPECT_NEAR(tie_tolerant_recall(truth, std::vector<Hit>{{3, 0.0F}, {1, 1.0F}}, 10), 2.0 / 3, 1e-12);
}

}  // namespace
}  // namespace quiver
