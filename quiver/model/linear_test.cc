#include "quiver/model/linear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::size_t kIn = 11, kOut = 4;
const Card kCard{.recipe = "test", .data_licence = "none"};

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  Random random(5, stream);
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}
Port port() { return {.name = "turned", .space = {.metric = Metric::L2}, .dims = {2}}; }
Result<Model> centred(Space reads = {.dims = kIn}) {
  const Matrix basis = random_matrix(kOut, kIn, 1), mean = random_matrix(1, kIn, 2);
  return linear_map(basis.view(), mean.row(0), reads, port(), kCard);
}

TEST(LinearMap, SubtractsTheMeanAndProjects) {
  const auto model = centred();
  ASSERT_TRUE(model) << model.error().message();
  const Matrix basis = random_matrix(kOut, kIn, 1), mean = random_matrix(1, kIn, 2);
  for (const std::size_t rows : {0, 1, 7, 2100}) {
    quiver::Run run({.threads = 2});
    const Matrix x = random_matrix(rows, kIn, 3);
    const auto out = model->map(Rows::dense(Matrix::copy_of(x.view()), {}), {}, {}, run);
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->rows.space().id, model->id());
    const MatrixView y = *out->rows.dense();
    ASSERT_EQ(y.rows, rows);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t o = 0; o < kOut; ++o) {
        double expected = 0;
        for (std::size_t j = 0; j < kIn; ++j)
          expected += static_cast<double>(basis.row(o)[j]) * (x.row(i)[j] - mean.row(0)[j]);
        ASSERT_NEAR(y.row(i)[o], expected, 1e-4) << "seed 5, row " << i;
      }
    }
  }
}

TEST(LinearMap, APortMayHaveStepsOfItsOwn) {
  const Matrix rows = random_matrix(kOut, kIn, 1), queries = random_matrix(kOut, kIn, 2);
  const auto made = [&](const char* special) {
    Weights weights;
    EXPECT_TRUE(weights.add("rows/weight", rows.view()).has_value());
    EXPECT_TRUE(weights.add("queries/weight", queries.view()).has_value());
    const std::string config =
        std::string(R"({"in": 11, "steps": [{"step": "linear", "name": "rows"}], "steps_of": {")") + special +
        R"(": [{"step": "linear", "name": "queries"}]}})";
    const Space gives{.dims = kOut, .metric = Metric::Dot};
    return Model::make("linear", config,
                       {{.name = "item", .ability = Ability::Map, .role = "item", .space = gives},
                        {.name = "query", .ability = Ability::Map, .role = "query", .space = gives}},
                       std::move(weights), kCard);
  };
  const auto model = made("query");
  ASSERT_TRUE(model) << model.error().message();
  quiver::Run run({.threads = 1});
  const Matrix x = random_matrix(1, kIn, 3);
  for (const auto& [role, map] : {std::pair("item", &rows), {"query", &queries}}) {
    const auto out = model->map(Rows::dense(Matrix::copy_of(x.view()), {}), {}, {.role = role}, run);
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->rows.space().id, model->id());  // one space: rows and queries are compared in it
    double expected = 0;
    for (std::size_t j = 0; j < kIn; ++j) expected += static_cast<double>(map->row(1)[j]) * x.row(0)[j];
    EXPECT_NEAR(out->rows.dense()->row(0)[1], expected, 1e-4) << role;
  }
  EXPECT_THAT(made("qury").error().message(), HasSubstr("steps of a port 'qury', which it does not have"));
}

TEST(LinearMap, ReadsEveryElementTypeAndGivesPrefixes) {
  const auto model = centred();
  ASSERT_TRUE(model);
  Matrix x(3, kIn);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < kIn; ++j) x.row(i)[j] = static_cast<float>(i * 20 + j);
  }
  quiver::Run run;
  const auto floats = model->map(Rows::dense(Matrix::copy_of(x.view()), {}), {}, {}, run);
  const auto bytes = model->map(Rows::dense(*to_element(x.view(), Element::U8), {}), {}, {.dims = 2}, run);
  ASSERT_TRUE(floats);
  ASSERT_TRUE(bytes) << bytes.error().message();
  const MatrixView whole = *floats->rows.dense(), cut = *bytes->rows.dense();
  ASSERT_EQ(cut.cols, 2u);
  for (std::size_t i = 0; i < 3; ++i) {  // L2: a prefix is cut, not scaled
    for (std::size_t j = 0; j < 2; ++j) EXPECT_EQ(cut.row(i)[j], whole.row(i)[j]);
  }
  EXPECT_EQ(*comparable(bytes->rows.space(), floats->rows.space()), 2u);
}

TEST(LinearMap, RefusesRowsOfAnotherSpace) {
  const auto model = centred({.id = "qv:mine", .dims = kIn});
  ASSERT_TRUE(model);
  quiver::Run run;
  const auto mapped = [&](Space space, std::size_t dims) {
    return model->map(Rows::dense(Matrix(2, dims), std::move(space)), {}, {}, run);
  };
  EXPECT_TRUE(mapped({.id = "qv:mine"}, kIn));
  EXPECT_TRUE(mapped({}, kIn));
  EXPECT_THAT(mapped({.id = "qv:other"}, kIn).error().message(), HasSubstr("quiver align"));
  EXPECT_THAT(mapped({}, kIn + 1).error().message(), HasSubstr("port 'turned'"));
  EXPECT_THAT(mapped({.id = "qv:mine/5", .prefix_of = "qv:mine", .prefix_dims = 5}, 5).error().message(),
              HasSubstr("rows have 5 dims"));
}

TEST(LinearMap, CannotEncodeAndStopsWhenAsked) {
  const auto model = centred();
  ASSERT_TRUE(model);
  quiver::Run run;
  EXPECT_THAT(model->encode(Items::of("text", std::vector<std::string>{"a"}), {}, run).error().message(),
              HasSubstr("no port can encode"));
  run.cancel();
  EXPECT_EQ(model->map(Rows::dense(Matrix(2, kIn), {}), {}, {}, run).error().code(), Code::Cancelled);
}

TEST(LinearMap, ConfigAndWeightsMustAgree) {
  const auto message = [](std::string config, Port p) {
    Weights weights;
    const Matrix basis = random_matrix(kOut, kIn, 1);
    EXPECT_TRUE(weights.add("linear/weight", basis.view()));
    return Model::make("linear", std::move(config), {std::move(p)}, std::move(weights), kCard).error().message();
  };
  Port good = port();
  good.ability = Ability::Map;
  good.space.dims = kOut;
  Port wide = good, encoder = good;
  wide.space.dims = 9;
  encoder.ability = Ability::Encode;
  const std::string steps = R"("steps": [{"step": "linear", "name": "linear"}])";
  EXPECT_THAT(message(R"({"in": 11, )" + steps + "}", wide), HasSubstr("promises 9 dims, the map gives 4"));
  EXPECT_THAT(message(R"({"in": 11, )" + steps + "}", encoder), HasSubstr("can map, not encode"));
  EXPECT_THAT(message(R"({"in": 12, )" + steps + "}", good), HasSubstr("expected (4, 12)"));
  EXPECT_THAT(message("{" + steps + "}", good), HasSubstr("in"));
  EXPECT_THAT(message(R"({"in": 11, "reads": {"id": "", "dims": 3, "metric": "l2"}, )" + steps + "}", good),
              HasSubstr("declares a space of 3"));
}

}  // namespace
}  // namespace quiver
