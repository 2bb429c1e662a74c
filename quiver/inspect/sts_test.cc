#include "quiver/inspect/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "quiver/core/random.h"
#include "quiver/model/import.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
constexpr std::uint64_t kStsSeed = 31;

Matrix some_vectors(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  Random random(kStsSeed, stream);
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}

TEST(StsTest, PrefixesAreUnitVectorsOfTheirOwn) {
  const Matrix left = some_vectors(4, 6, 1);
  Matrix right = some_vectors(4, 6, 2);
  for (float& x : right.row(3)) x = 0;
  for (const std::size_t dims : {1, 3, 6}) {
    const std::vector<double> cosines = prefix_cosines(left.view(), right.view(), dims);
    for (std::size_t i = 0; i < 3; ++i) {
      double ab = 0, aa = 0, bb = 0;
      for (std::size_t j = 0; j < dims; ++j) {
        ab += left.row(i)[j] * right.row(i)[j];
        aa += left.row(i)[j] * left.row(i)[j];
        bb += right.row(i)[j] * right.row(i)[j];
      }
      EXPECT_NEAR(cosines[i], ab / std::sqrt(aa) / std::sqrt(bb), 1e-6);
    }
    EXPECT_EQ(cosines[3], 0);
  }
}

TEST(StsTest, TiedScoresShareTheirRanks) {
  // Cosines 1, 0, 0, -1 against scores 5, 2, 2, 0: the ties agree, so the order is perfect.
  Matrix left(4, 2), right(4, 2);
  for (std::size_t i = 0; i < 4; ++i) left.row(i)[0] = 1;
  right.row(0)[0] = 2;
  right.row(1)[1] = right.row(2)[1] = 1;
  right.row(3)[0] = -1;
  const std::vector<double> gold{5, 2, 2, 0}, reversed{0, 2, 2, 5};
  const std::vector<std::size_t> lengths{2, 1};
  const auto scores = sts_scores(left.view(), right.view(), gold, lengths);
  ASSERT_TRUE(scores.has_value()) << scores.error().message();
  EXPECT_EQ((*scores)[0].dims, 2U);
  EXPECT_NEAR((*scores)[0].spearman.mean, 1, 1e-12);
  EXPECT_LE((*scores)[0].spearman.low, (*scores)[0].spearman.high);
  EXPECT_NEAR((*scores)[1].spearman.mean, 1, 1e-12);  // zero prefixes have cosine 0
  EXPECT_NEAR((*sts_scores(left.view(), right.view(), reversed, lengths))[0].spearman.mean, -1, 1e-12);
}

TEST(StsTest, SaysWhatCannotBeCompared) {
  const Matrix left = some_vectors(3, 4, 1), fewer = some_vectors(2, 4, 2), one = some_vectors(1, 4, 3);
  const auto message = [](const Matrix& a, const Matrix& b, std::vector<double> gold, std::size_t dims) {
    const std::vector<std::size_t> lengths{dims};
    const auto scores = sts_scores(a.view(), b.view(), gold, lengths);
    return scores.has_value() ? std::string() : scores.error().message();
  };
  EXPECT_THAT(message(left, fewer, {1, 2, 3}, 4), HasSubstr("3 on the left, 2 on the right and 3 scores"));
  EXPECT_THAT(message(one, one, {1}, 4), HasSubstr("1 pairs have no order"));
  EXPECT_THAT(message(left, left, {1, 1, 1}, 4), HasSubstr("every score is 1"));
  EXPECT_THAT(message(left, left, {1, std::numeric_limits<double>::quiet_NaN(), 1}, 4), HasSubstr("pair 2"));
  EXPECT_THAT(message(left, left, {1, 2, 3}, 5), HasSubstr("by 5 coordinates: the vectors have 4"));
  EXPECT_THAT(message(left, left, {1, 2, 3}, 0), HasSubstr("by 0 coordinates"));
}

// The encoder of the fixture, three layers and 16 coordinates, with exits or without.
Result<Model> small_encoder(std::uint32_t exits) {
  QUIVER_TRY(const Imported whole, import_folder("tests/data/import/bert"));
  std::vector<Port> ports(whole.model.ports().begin(), whole.model.ports().end());
  for (Port& port : ports) {
    port.layers = exits;
    port.dims = {8};
  }
  return Model::make("transformer", std::string(whole.model.config()), std::move(ports), whole.model.weights(),
                     {.recipe = "import", .data_licence = "none"});
}

TEST(StsGridTest, MeasuresEveryExitAndLength) {
  const std::vector<std::string> left{"red green", "one two", "red", "blue blue two", ""};
  const std::vector<std::string> right{"red green blue", "three", "red", "one", "red"};
  const std::vector<double> gold{4, 1, 5, 0, 2};
  const StsPairs pairs{left, right, gold};
  quiver::Run run({.threads = 1});
  const auto model = small_encoder(3);
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const auto grid = sts_grid(*model, pairs, {.repeats = 3}, run);
  ASSERT_TRUE(grid.has_value()) << grid.error().message();
  EXPECT_THAT(grid->layers, ElementsAre(1U, 2U, 3U));
  EXPECT_THAT(grid->dims, ElementsAre(8U, 16U));
  double sum = 0;
  for (std::size_t layer = 0; layer < 3; ++layer) {
    EXPECT_GT(grid->seconds[layer], 0);
    const ApplyOptions apply{.layers = static_cast<std::uint32_t>(layer + 1)};
    const Rows a = model->encode(Items::of("text", left), apply, run)->rows;
    const Rows b = model->encode(Items::of("text", right), apply, run)->rows;
    const auto scores = sts_scores(*a.dense(), *b.dense(), gold, grid->dims);
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_EQ(grid->spearman[layer][d], (*scores)[d].spearman.mean);
      sum += grid->spearman[layer][d];
    }
  }
  EXPECT_NEAR(grid->mean(), sum / 6, 1e-12);
  const auto some = sts_grid(*model, pairs, {.layers = {2}, .dims = {1, 3}}, run);  // lengths nobody trained for, too
  ASSERT_TRUE(some.has_value()) << some.error().message();
  EXPECT_EQ(some->spearman.size(), 1U);
  EXPECT_EQ(some->spearman[0].size(), 2U);
}

TEST(StsGridTest, AModelWithoutExitsHasOneRow) {
  const std::vector<std::string> left{"red", "one"}, right{"red green", "two"};
  const std::vector<double> gold{3, 1};
  quiver::Run run({.threads = 1});
  const auto model = small_encoder(0);
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const auto grid = sts_grid(*model, {left, right, gold}, {}, run);
  ASSERT_TRUE(grid.has_value()) << grid.error().message();
  EXPECT_THAT(grid->layers, ElementsAre(0U));
  EXPECT_THAT(sts_grid(*model, {left, right, gold}, {.layers = {2}}, run).error().message(),
              HasSubstr("gives its vectors only at the end"));
  EXPECT_THAT(sts_grid(*model, {left, right, gold}, {.dims = {17}}, run).error().message(), HasSubstr("by 17 coord"));
  EXPECT_THAT(sts_grid(*model, {left, right, gold}, {.port = "none"}, run).error().message(), HasSubstr("none"));
  EXPECT_THAT(sts_grid(*model, {left, right, gold}, {.column = "body"}, run).error().message(), HasSubstr("body"));
  EXPECT_EQ(StsGrid{}.mean(), 0);
}

}  // namespace
}  // namespace quiver
