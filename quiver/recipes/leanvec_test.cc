// leanvec: a fitted model maps rows and queries so that products are kept, and refuses what cannot be learned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/recipes/neighbours.h"
#include "quiver/recipes/registry.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 5;
constexpr std::size_t kDims = 24;

// Rows vary a little more along the first axes; queries see the last few alone, which PCA of the rows leaves out.
Matrix spread(std::size_t count, bool queries, std::uint64_t stream) {
  Random random(kSeed, stream);
  Matrix out(count, kDims);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < kDims; ++j) {
      const float wide = std::pow(queries ? 0.6F : 0.95F, static_cast<float>(j));
      out.row(i)[queries ? kDims - 1 - j : j] = 0.1F + wide * random.normal();
    }
  }
  return out;
}
Settings settings_of(std::initializer_list<std::pair<const char*, const char*>> values) {
  Settings out;
  for (const auto& [name, value] : values) out.set(name, value);
  return out;
}
Result<Fitted> fitted(const Settings& settings, Metric metric, bool with_queries = true) {
  const Space space{.dims = kDims, .metric = metric};
  Inputs inputs;
  inputs.data.emplace("train", Dataset::of(Items::of("vectors", Rows::dense(spread(800, false, 1), space))));
  if (with_queries)
    inputs.data.emplace("queries", Dataset::of(Items::of("vectors", Rows::dense(spread(600, true, 2), space))));
  quiver::Run run({.seed = kSeed, .threads = 1});
  return (*find_recipe("leanvec"))->fit(inputs, settings, run);
}
// Recall@10 of the short vectors on queries that did not teach.
double recall_of(const Model& model, Metric metric) {
  quiver::Run run({.threads = 1});
  const Matrix base = spread(800, false, 1), queries = spread(50, true, 3);
  const Space space{.dims = kDims, .metric = metric};
  const auto truth = recipes::exact_hits(base.view(), queries.view(), metric, 10, run);
  const auto y = model.map(Rows::dense(Matrix::copy_of(base.view()), space), {}, {.role = "item"}, run);
  const auto z = model.map(Rows::dense(Matrix::copy_of(queries.view()), space), {}, {.role = "query"}, run);
  EXPECT_TRUE(truth.has_value() && y.has_value() && z.has_value());
  const auto found = recipes::exact_hits(*y->rows.dense(), *z->rows.dense(), y->rows.space().metric, 10, run);
  EXPECT_TRUE(found.has_value());
  const auto recalls = recipes::overlap(*truth, *found, 10);
  double sum = 0;
  for (const double r : recalls) sum += r;
  return sum / static_cast<double>(recalls.size());
}

TEST(LeanVecRecipe, AtFullLengthTheModelKeepsAllNeighboursOfEveryMetric) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const char* method : {"pca", "es+fw"}) {
      const auto out = fitted(settings_of({{"method", method}, {"dims", "24"}}), metric);
      ASSERT_TRUE(out.has_value()) << out.error().message();
      EXPECT_GT(recall_of(*out->model, metric), 0.995) << method << " " << name_of(metric) << ", seed " << kSeed;
    }
  }
}

TEST(LeanVecRecipe, QueriesOfAnotherKindAreServedBetterThanByPca) {
  const auto pca = fitted(settings_of({{"method", "pca"}, {"dims", "8"}}), Metric::Dot);
  ASSERT_TRUE(pca.has_value());
  for (const char* method : {"es", "es+fw", "sphering"}) {
    const auto out = fitted(settings_of({{"method", method}, {"dims", "8"}}), Metric::Dot);
    ASSERT_TRUE(out.has_value()) << out.error().message();
    EXPECT_GT(recall_of(*out->model, Metric::Dot), recall_of(*pca->model, Metric::Dot) + 0.1)
        << method << ", seed " << kSeed;
    EXPECT_LT(out->model->card().measured.at("product_loss"), pca->model->card().measured.at("product_loss"));
  }
}

TEST(LeanVecRecipe, ChoosesALengthAndReportsTheSpectrum) {
  const auto out = fitted(settings_of({{"method", "es"}, {"energy", "0.8"}}), Metric::L2);
  ASSERT_TRUE(out.has_value()) << out.error().message();
  EXPECT_EQ(out->model->ports()[0].space.dims, 16U);
  const auto variances = out->report.tables.at("spectrum").numbers("variance");
  ASSERT_TRUE(variances.has_value());
  EXPECT_EQ(variances->size(), 16U);
  EXPECT_TRUE(std::ranges::is_sorted(*variances, std::greater<>()));
}

TEST(LeanVecRecipe, WarnsOfQueriesThatTeachNothing) {
  const auto warnings = [](Matrix rows, Matrix queries) {
    Inputs inputs;
    inputs.data.emplace("train", Dataset::of(Items::of("vectors", Rows::dense(std::move(rows), {}))));
    inputs.data.emplace("queries", Dataset::of(Items::of("vectors", Rows::dense(std::move(queries), {}))));
    quiver::Run run({.seed = kSeed, .threads = 1});
    const auto out = (*find_recipe("leanvec"))->fit(inputs, settings_of({{"dims", "4"}}), run);
    EXPECT_TRUE(out.has_value()) << out.error().message();
    return out->report.warnings;
  };
  EXPECT_THAT(warnings(spread(99, false, 1), spread(99, false, 1)), ElementsAre(HasSubstr("the rows themselves")));
  EXPECT_THAT(warnings(spread(99, false, 1), spread(9, false, 2)),
              ElementsAre(HasSubstr("9 queries are fewer than the 24")));
  EXPECT_THAT(warnings(spread(99, false, 1), spread(99, false, 2)), ElementsAre());
}

TEST(LeanVecRecipe, SaysWhatIsMissing) {
  const auto refusal = [](const Result<Fitted>& out) { return out.has_value() ? "" : out.error().message(); };
  EXPECT_THAT(refusal(fitted({}, Metric::L2, false)), HasSubstr("queries"));
  EXPECT_THAT(refusal(fitted(settings_of({{"dims", "25"}}), Metric::L2)), HasSubstr("25 dims are asked for"));
  EXPECT_THAT(refusal(fitted(settings_of({{"method", "sphering"}, {"dims", "4"}}), Metric::L2)), HasSubstr("sphering"));
  EXPECT_THAT(refusal(fitted(settings_of({{"method", "svd"}}), Metric::L2)), HasSubstr("method"));
  quiver::Run run;
  const auto none = (*find_recipe("leanvec"))->fit({}, {}, run);
  EXPECT_THAT(refusal(none), HasSubstr("train"));
}

}  // namespace
}  // namespace quiver
