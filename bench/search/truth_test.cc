#include "bench/search/truth.h"

#include <gmock/gmock.h>

#include <numeric>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver::bench {
namespace {

Matrix drawn(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}

TEST(Truth, EqualsSortingByTheReferenceDistance) {
  const Matrix base = drawn(150, 7, 1), queries = drawn(5, 7, 2);
  quiver::Run run({.threads = 1});
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const bool filtered : {false, true}) {
      const Mask mask = Mask::scattered(150, 0.2, 3);
      const auto truth = exact_rows(base.view(), queries.view(), metric, 10, filtered ? &mask : nullptr, run);
      ASSERT_TRUE(truth.has_value()) << truth.error().message();
      for (std::size_t q = 0; q < 5; ++q) {
        std::vector<std::pair<double, std::int32_t>> all;
        for (std::uint32_t i = 0; i < 150; ++i) {
          if (!filtered || mask.allows(i))
            all.emplace_back(distance(metric, queries.row(q), base.row(i)), static_cast<std::int32_t>(i));
        }
        std::ranges::sort(all);
        for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(truth->view().row(q)[i], all[i].second) << name_of(metric);
      }
    }
  }
}

TEST(Truth, RecallCountsTiesAndNothingTwice) {
  Matrix base(4, 1);
  base.row(0)[0] = 1;
  base.row(1)[0] = 2;
  base.row(2)[0] = -2;  // as far as row 1 from a query at 0
  base.row(3)[0] = 9;
  const Matrix queries(1, 1);
  const std::vector<std::int32_t> rows{0, 1};
  const RecallJudge judge(base.view(), queries.view(), {rows.data(), 1, 2, 2}, Metric::L2, 2);
  const auto recall = [&](std::int32_t a, std::int32_t b) {
    const std::vector<std::int32_t> found{a, b};
    return judge.recall(found);
  };
  EXPECT_DOUBLE_EQ(recall(0, 1), 1);
  EXPECT_DOUBLE_EQ(recall(2, 0), 1) << "equally far";
  EXPECT_DOUBLE_EQ(recall(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(recall(0, 3), 0.5);
  EXPECT_DOUBLE_EQ(recall(-1, 4), 0) << "no such rows";
  const std::vector<std::int32_t> good{0, 2}, bad{0, 3};
  EXPECT_EQ(judge.wrong_queries({good.data(), 1, 2, 2}), 0U);
  EXPECT_EQ(judge.wrong_queries({bad.data(), 1, 2, 2}), 1U);
}

TEST(Truth, FewerRowsThanKAreAllThereIs) {
  const Matrix base = drawn(20, 3, 4), queries = drawn(2, 3, 5);
  quiver::Run run({.threads = 1});
  const Mask mask = Mask::scattered(20, 0.1, 1);
  const auto truth = exact_rows(base.view(), queries.view(), Metric::L2, 10, &mask, run);
  ASSERT_TRUE(truth.has_value());
  EXPECT_GE(truth->view().row(0)[1], 0);
  EXPECT_EQ(truth->view().row(0)[2], -1);
  const RecallJudge judge(base.view(), queries.view(), truth->view(), Metric::L2, 10);
  EXPECT_DOUBLE_EQ(judge.recall(truth->values), 1);
  EXPECT_DOUBLE_EQ(judge.recall(std::vector<std::int32_t>(20, -1)), 0);
}

}  // namespace
}  // namespace quiver::bench
