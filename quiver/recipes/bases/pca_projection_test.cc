#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/recipes/registry.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 3;

// Points on a plane of a 5-dimensional space, with variance 9 and 1 along two orthonormal axes, off the origin.
Matrix on_a_plane(std::size_t rows) {
  Random random(kSeed);
  Matrix out(rows, 5);
  for (std::size_t i = 0; i < rows; ++i) {
    const float u = 3 * random.normal(), v = random.normal();
    const float values[5] = {7 + u * 0.6f, -2 + v, u * 0.8f, 1, 4};
    std::copy_n(values, 5, out.row(i).begin());
  }
  return out;
}
Result<Fitted> fitted(Matrix rows, const Settings& settings = {}, Space space = {}) {
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(Items::of("vectors", Rows::dense(std::move(rows), std::move(space)))));
  quiver::Run run({.seed = kSeed, .threads = 1});
  return (*find_recipe("pca-projection"))->fit(inputs, settings, run);
}
Settings dims(std::string count) {
  Settings settings;
  settings.set("dims", std::move(count));
  return settings;
}

TEST(PcaProjection, FindsThePlaneTheDataLieOn) {
  const auto out = fitted(on_a_plane(4000), dims("2"));
  ASSERT_TRUE(out) << out.error().message();
  ASSERT_TRUE(out->model);
  const MatrixView basis = *out->model->weights().matrix("linear/weight");
  EXPECT_NEAR(std::abs(basis.row(0)[0] * 0.6f + basis.row(0)[2] * 0.8f), 1, 1e-3) << "seed " << kSeed;
  EXPECT_NEAR(std::abs(basis.row(1)[1]), 1, 1e-3) << "seed " << kSeed;
  EXPECT_NEAR(out->model->card().measured.at("variance_kept"), 1, 1e-5);
  const auto variance = out->report.tables.at("spectrum").numbers("variance");
  ASSERT_TRUE(variance);
  EXPECT_NEAR((*variance)[0], 9, 0.6);
  EXPECT_NEAR((*variance)[1], 1, 0.1);
  EXPECT_TRUE(out->report.warnings.empty());
}

TEST(PcaProjection, KeepsDistancesOnThePlaneAndItsMeanIsZero) {
  const auto out = fitted(on_a_plane(500), dims("2"));
  ASSERT_TRUE(out);
  quiver::Run run({.threads = 1});
  const Matrix rows = on_a_plane(500);
  const auto mapped = out->model->map(Rows::dense(Matrix::copy_of(rows.view()), {}), {}, {}, run);
  ASSERT_TRUE(mapped) << mapped.error().message();
  const MatrixView y = *mapped->rows.dense();
  double sum = 0;
  for (std::size_t i = 0; i < 500; ++i) sum += y.row(i)[0];
  EXPECT_NEAR(sum / 500, 0, 1e-3);
  EXPECT_NEAR(distance(Metric::L2, y.row(3), y.row(4)), distance(Metric::L2, rows.row(3), rows.row(4)), 1e-2);
}

TEST(PcaProjection, ReadsTheSpaceItWasFittedOn) {
  const auto out = fitted(on_a_plane(50), dims("2"), {.id = "qv:clip"});
  ASSERT_TRUE(out);
  quiver::Run run({.threads = 1});
  EXPECT_TRUE(out->model->map(Rows::dense(on_a_plane(3), {.id = "qv:clip"}), {}, {.dims = 1}, run));
  EXPECT_THAT(out->model->map(Rows::dense(on_a_plane(3), {.id = "qv:other"}), {}, {}, run).error().message(),
              HasSubstr("quiver align"));
}

TEST(PcaProjection, WarnsOfTooFewVectors) {
  const auto out = fitted(on_a_plane(4), dims("4"));
  ASSERT_TRUE(out) << out.error().message();
  ASSERT_EQ(out->report.warnings.size(), 1u);
  EXPECT_THAT(out->report.warnings[0], HasSubstr("4 vectors span at most 3 axes of 5"));
}

TEST(PcaProjection, SaysWhatItCannotFit) {
  EXPECT_THAT(fitted(on_a_plane(50), dims("6")).error().message(),
              HasSubstr("6 axes are asked for, the vectors have 5 dims"));
  EXPECT_THAT(fitted(on_a_plane(1), dims("2")).error().message(), HasSubstr("at least 2 vectors, there are 1"));
  Matrix broken = on_a_plane(5);
  broken.row(2)[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(fitted(std::move(broken), dims("2")).error().message(), HasSubstr("row 2, column 3"));
  quiver::Run run({.threads = 1});
  EXPECT_THAT((*find_recipe("pca-projection"))->fit({}, {}, run).error().message(), HasSubstr("role 'train'"));
}

}  // namespace
}  // namespace quiver
