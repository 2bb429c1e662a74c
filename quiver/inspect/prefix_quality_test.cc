#include "quiver/inspect/prefix_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kPrefixSeed = 13;

// Row i belongs to class i % 8, around a centre of its own. `falling`: coordinates matter less and less.
Rows classes(std::size_t rows, std::size_t dims, bool falling, Metric metric = Metric::Cosine) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kPrefixSeed, 1), i), centre(mix(kPrefixSeed, 2), i % 8);
    for (std::size_t j = 0; j < dims; ++j) {
      const float weight = falling ? std::exp(-static_cast<float>(j) / 4) : 1;
      out.row(i)[j] = weight * (centre.normal() + 0.4F * random.normal());
    }
  }
  return Rows::dense(std::move(out), {.metric = metric});
}
std::vector<std::uint32_t> class_numbers(std::size_t rows) {
  std::vector<std::uint32_t> out(rows);
  for (std::uint32_t i = 0; i < rows; ++i) out[i] = i % 8;
  return out;
}

// Nearest others by loops over the first `dims` coordinates.
std::vector<std::uint32_t> nearest_by_loops(MatrixView rows, std::uint32_t of, std::size_t dims, std::size_t k,
                                            Metric metric) {
  std::vector<std::pair<double, std::uint32_t>> all;
  for (std::uint32_t i = 0; i < rows.rows; ++i) {
    if (i != of) all.emplace_back(distance(metric, rows.row(of).first(dims), rows.row(i).first(dims)), i);
  }
  std::ranges::sort(all);
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < k; ++i) out.push_back(all[i].second);
  return out;
}

TEST(PrefixQuality, AgreesWithTheLoops) {
  for (const Metric metric : {Metric::Cosine, Metric::L2, Metric::Dot}) {
    const Rows rows = classes(120, 16, true, metric);
    const auto labels = class_numbers(120);
    quiver::Run run({.seed = kPrefixSeed});
    const auto report = prefix_quality(rows, labels, {.dims = {3, 8}, .k = 4, .sample = 0}, run);
    ASSERT_TRUE(report) << report.error().message();
    ASSERT_EQ(report->lengths.size(), 2U);
    const MatrixView view = *rows.dense();
    for (const PrefixQuality& length : report->lengths) {
      double same = 0, first = 0, right = 0;
      for (std::uint32_t i = 0; i < 120; ++i) {
        const auto cut = nearest_by_loops(view, i, length.dims, 4, metric),
                   whole = nearest_by_loops(view, i, 16, 4, metric);
        for (const std::uint32_t row : cut) same += std::ranges::find(whole, row) != whole.end() ? 1 : 0;
        first += cut[0] == whole[0] ? 1 : 0;
        right += labels[cut[0]] == labels[i] ? 1 : 0;
      }
      EXPECT_NEAR(length.agreement.mean, same / 480, 0.01) << name_of(metric) << ", seed " << kPrefixSeed;
      EXPECT_NEAR(length.nearest.mean, first / 120, 0.02) << name_of(metric) << ", seed " << kPrefixSeed;
      EXPECT_NEAR(length.accuracy->mean, right / 120, 0.02) << name_of(metric) << ", seed " << kPrefixSeed;
    }
  }
}

TEST(PrefixQuality, TellsOrderedVectorsFromOthers) {
  quiver::Run run({.seed = kPrefixSeed});
  const auto ordered = prefix_quality(classes(600, 32, true), class_numbers(600), {}, run),
             other = prefix_quality(classes(600, 32, false), class_numbers(600), {}, run);
  ASSERT_TRUE(ordered && other);
  EXPECT_TRUE(ordered->ordered);
  EXPECT_GT(ordered->enough, 0U);
  EXPECT_THAT(ordered->advice, HasSubstr("they can be cut: the first "));
  EXPECT_FALSE(other->ordered) << "seed " << kPrefixSeed;
  EXPECT_THAT(other->advice, HasSubstr("not made to be cut; pca("));
  ASSERT_EQ(other->lengths.size(), 3U);  // 4, 8, 16
  EXPECT_EQ(other->lengths[0].dims, 4U);
  EXPECT_GT(ordered->lengths[1].over_random.low, 0);
}

TEST(PrefixQuality, WithoutLabelsAgreementIsTheQuality) {
  quiver::Run run({.seed = kPrefixSeed});
  const auto report = prefix_quality(classes(300, 32, true), {}, {.dims = {1, 30}, .sample = 50, .keep = 0.9}, run);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->asked, 50U);
  EXPECT_FALSE(report->whole_accuracy || report->lengths[0].accuracy);
  EXPECT_EQ(report->enough, 30U);
  const auto none = prefix_quality(classes(300, 32, true), {}, {.dims = {6}}, run);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->enough, 0U);
  EXPECT_THAT(none->advice, HasSubstr("no length keeps 95 %"));
}

TEST(PrefixQuality, RefusesWhatItCannotMeasure) {
  quiver::Run run;
  const auto message = [&](const Rows& rows, const std::vector<std::uint32_t>& labels, const PrefixOptions& options) {
    return prefix_quality(rows, labels, options, run).error().message();
  };
  const Rows rows = classes(40, 8, true);
  EXPECT_THAT(message(rows, {}, {.dims = {0, 4}}), HasSubstr("stay below 8, they are 0, 4"));
  EXPECT_THAT(message(rows, {}, {.dims = {4, 4}}), HasSubstr("they are 4, 4"));
  EXPECT_THAT(message(rows, {}, {.dims = {8}}), HasSubstr("they are 8"));
  EXPECT_THAT(message(rows, {1, 2}, {}), HasSubstr("2 labels for 40 rows"));
  EXPECT_THAT(message(rows, {}, {.k = 39}), HasSubstr("40 rows and k = 39"));
  EXPECT_THAT(message(rows, {}, {.k = 0}), HasSubstr("k = 0"));
  EXPECT_THAT(message(classes(40, 1, true), {}, {}), HasSubstr("vectors of one coordinate"));
  EXPECT_THAT(message(rows.in_space({.dims = 8, .metric = Metric::Hamming}), {}, {}), HasSubstr("of bits"));
  run.cancel();
  EXPECT_EQ(prefix_quality(rows, {}, {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
