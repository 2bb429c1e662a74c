#include "quiver/cli/scaling_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace quiver::cli {
namespace {
using testing::HasSubstr;
using testing::Not;

// Hops grow as n^0.1, distances as 20 of them, a scan in proportion; recalls on both sides of .95.
ScalingPoint point_of(std::size_t rows) {
  const auto n = static_cast<double>(rows);
  ScalingPoint point{.rows = rows, .dims = 128, .queries = 100, .spec = "graph(96,48) + rerank(f16)"};
  point.build_seconds = 1e-4 * n;
  point.bytes = 1000;
  for (const double recall : {0.9, 0.99}) {
    const double more = recall == 0.9 ? 1 : 4;
    const double hops = more * std::pow(n, 0.1);
    point.walks.push_back({.asked = recall,
                           .recall = {recall, recall, recall},
                           .hops = hops,
                           .distances = 20 * hops,
                           .bytes = 1000 * hops,
                           .seconds = 1e-6 * hops,
                           .alone_seconds = 2e-6 * hops});
  }
  point.scan = {.recall = {1, 1, 1}, .distances = n, .bytes = 512 * n, .seconds = 1e-8 * n, .alone_seconds = 5e-8 * n};
  return point;
}
ScalingReport report_of(std::initializer_list<std::size_t> sizes) {
  ScalingReport report{.spec = "graph", .recalls = {0.95}, .targets = {1e9}, .machine = "a processor"};
  report.sets.push_back({.name = "things", .lid = 12.3});
  for (const std::size_t rows : sizes) report.sets[0].points.push_back(point_of(rows));
  return report;
}

TEST(ScalingPage, ShowsTheArithmetic) {
  const std::string page = scaling_page(report_of({10'000, 100'000, 1'000'000}));
  EXPECT_THAT(page, HasSubstr("| things | real | 128 | 12.3 | 10,000 to 1,000,000 |"));
  EXPECT_THAT(page, HasSubstr("A query at recall@10 0.95"));
  EXPECT_THAT(page, HasSubstr("0.100 (0.100 to 0.100)")) << "the exponent of hops";
  EXPECT_THAT(page, HasSubstr("1e+09 rows, 1000 times the largest measured"));
  EXPECT_THAT(page, HasSubstr("1000 bytes a row, as at 1,000,000 rows, x 1e+09 = **1000 GB**"));
  EXPECT_THAT(page, HasSubstr("the floats themselves are 128 x 4 x 1e+09 = 512 GB"));
  EXPECT_THAT(page, HasSubstr("= **28 CPU hours** (28 to 28)")) << "1e-4 s a row, 1e9 rows";
  EXPECT_THAT(page, HasSubstr("extrapolated, not measured"));
  EXPECT_THAT(page, HasSubstr("In 100 parts of 1e+07 rows"));
}

TEST(ScalingPage, ATableHasAsManyColumnsAsItsHead) {
  const std::string page = scaling_page(report_of({10'000, 100'000, 1'000'000}));
  std::ptrdiff_t columns = 0;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = std::min(page.find('\n', at), page.size());
    const std::string line = page.substr(at, end - at);
    const std::ptrdiff_t bars = line.starts_with("|") ? std::ranges::count(line, '|') : 0;
    if (columns > 0 && bars > 0) {
      EXPECT_EQ(bars, columns) << line;
    }
    columns = bars;
    at = end + 1;
  }
}

TEST(ScalingPage, DrawsASeriesForEverySetAndRecallThatWasReached) {
  ScalingReport report = report_of({10'000, 100'000});
  report.recalls = {0.9, 0.95, 0.999};
  const Plot plot = scaling_plot(report);
  ASSERT_EQ(plot.series.size(), 2U);
  EXPECT_EQ(plot.series[1].label, "things, recall 0.95");
  EXPECT_EQ(plot.series[1].x, (std::vector<double>{10'000, 100'000}));
  EXPECT_NEAR(plot.series[0].y[0], 20 * std::pow(1e4, 0.1), 1e-9);
}

TEST(ScalingPage, FitsTakeThreeSizes) {
  const ScalingReport two = report_of({10'000, 100'000});
  EXPECT_TRUE(fitted_costs(two).empty());
  EXPECT_THAT(scaling_page(two), HasSubstr("Nothing is fitted: that takes three sizes"));
  const auto fits = fitted_costs(report_of({10'000, 100'000, 1'000'000}));
  const auto hops = std::ranges::find(fits, "hops", &FittedCost::what);
  ASSERT_NE(hops, fits.end());
  EXPECT_NEAR(hops->power.slope.mean, 0.1, 1e-9);
  EXPECT_EQ(hops->recall, 0.95);
  ScalingReport unreached = report_of({10'000, 100'000, 1'000'000});
  unreached.recalls = {0.999};
  const auto without = fitted_costs(unreached);
  EXPECT_EQ(std::ranges::find(without, "hops", &FittedCost::what), without.end());
  EXPECT_THAT(scaling_page(unreached), HasSubstr("| things | 10,000 | - |"));
}

TEST(ScalingPage, SaysWhenItWasInterrupted) {
  ScalingReport report = report_of({10'000});
  EXPECT_THAT(scaling_page(report), Not(HasSubstr("interrupted")));
  report.interrupted = true;
  EXPECT_THAT(scaling_page(report), HasSubstr("The run was interrupted"));
  EXPECT_TRUE(to_json(report)["interrupted"].get<bool>());
  EXPECT_EQ(to_json(report)["sets"][0]["sizes"][0]["searches"].size(), 2U);
}

}  // namespace
}  // namespace quiver::cli
