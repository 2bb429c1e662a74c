#include "quiver/model/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  Random random(11, stream);
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}
std::vector<float> random_vector(std::size_t count, std::uint64_t stream) {
  const Matrix m = random_matrix(1, count, stream);
  return {m.row(0).begin(), m.row(0).end()};
}

// The reference: one row, double precision, loops.
using Row = std::vector<double>;
Row linear(const Row& x, const Matrix& w, const std::vector<float>& bias) {
  Row y(w.rows());
  for (std::size_t i = 0; i < w.rows(); ++i) {
    y[i] = bias.empty() ? 0 : bias[i];
    for (std::size_t j = 0; j < w.cols(); ++j) y[i] += static_cast<double>(w.row(i)[j]) * x[j];
  }
  return y;
}
double activation(const std::string& name, double x) {
  if (name == "relu") return std::max(x, 0.0);
  if (name == "tanh") return std::tanh(x);
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

class LayersOf : public testing::TestWithParam<std::tuple<std::string, bool, std::size_t>> {};

TEST_P(LayersOf, EveryStepAgreesWithTheLoops) {
  const auto& [name, biased, batch] = GetParam();
  const std::size_t width = 7, hidden = 13, out = 5;
  const Matrix in_w = random_matrix(hidden, width, 1), out_w = random_matrix(width, hidden, 2),
               last = random_matrix(out, width, 3);
  std::vector<float> in_b, out_b, last_b;
  Weights weights;
  ASSERT_TRUE(weights.add("r/in", in_w.view()));
  ASSERT_TRUE(weights.add("r/out", out_w.view()));
  ASSERT_TRUE(weights.add("l/weight", last.view()));
  if (biased) {
    in_b = random_vector(hidden, 4), out_b = random_vector(width, 5), last_b = random_vector(out, 6);
    ASSERT_TRUE(weights.add("r/in_bias", std::span<const float>(in_b)));
    ASSERT_TRUE(weights.add("r/out_bias", std::span<const float>(out_b)));
    ASSERT_TRUE(weights.add("l/bias", std::span<const float>(last_b)));
  }
  const auto layers = Layers::parse(
      R"([{"step":"unit"},{"step":"residual","name":"r","activation":")" + name + R"("},{"step":"linear","name":"l"}])",
      width, weights);
  ASSERT_TRUE(layers) << layers.error().message();
  EXPECT_EQ(layers->in(), width);
  EXPECT_EQ(layers->out(), out);
  const Matrix x = random_matrix(batch, width, 7);
  const Matrix y = layers->apply(Matrix::copy_of(x.view()));
  ASSERT_EQ(y.rows(), batch);
  ASSERT_EQ(y.cols(), out);
  for (std::size_t i = 0; i < batch; ++i) {
    Row row(x.row(i).begin(), x.row(i).end());
    double norm = 0;
    for (const double v : row) norm += v * v;
    for (double& v : row) v /= std::sqrt(norm);
    Row inner = linear(row, in_w, in_b);
    for (double& v : inner) v = activation(name, v);
    const Row added = linear(inner, out_w, out_b);
    for (std::size_t j = 0; j < width; ++j) row[j] += added[j];
    const Row expected = linear(row, last, last_b);
    for (std::size_t j = 0; j < out; ++j) EXPECT_NEAR(y.row(i)[j], expected[j], 1e-4) << i << " " << j;
  }
}
INSTANTIATE_TEST_SUITE_P(All, LayersOf,
                         testing::Combine(testing::Values("gelu", "relu", "tanh"), testing::Bool(),
                                          testing::Values(0, 1, 3, 65)));

TEST(Layers, ALinearStepMayEndInAnActivation) {
  Weights weights;
  const Matrix w = random_matrix(4, 3, 1), x = random_matrix(2, 3, 2);
  const std::vector<float> bias = random_vector(4, 3);
  ASSERT_TRUE(weights.add("l/weight", w.view()));
  ASSERT_TRUE(weights.add("l/bias", std::span<const float>(bias)));
  const auto layers = Layers::parse(R"([{"step":"linear","name":"l","activation":"tanh"}])", 3, weights);
  ASSERT_TRUE(layers) << layers.error().message();
  const Matrix y = layers->apply(Matrix::copy_of(x.view()));
  for (std::size_t i = 0; i < 2; ++i) {
    const Row expected = linear({x.row(i).begin(), x.row(i).end()}, w, bias);
    for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(y.row(i)[j], std::tanh(expected[j]), 1e-5);
  }
}

TEST(Layers, TheFirstCoordinatesMayBeAllThatIsKept) {
  const Matrix x = random_matrix(3, 6, 4);
  const auto layers = Layers::parse(R"([{"step":"first","dims":2},{"step":"unit"}])", 6, {});
  ASSERT_TRUE(layers) << layers.error().message();
  EXPECT_EQ(layers->out(), 2U);
  const Matrix y = layers->apply(Matrix::copy_of(x.view()));
  ASSERT_EQ(y.cols(), 2U);
  for (std::size_t i = 0; i < 3; ++i) {
    const float length = std::hypot(x.row(i)[0], x.row(i)[1]);
    for (std::size_t j = 0; j < 2; ++j) EXPECT_NEAR(y.row(i)[j], x.row(i)[j] / length, 1e-6);
  }
  EXPECT_EQ(layers->apply(Matrix(0, 6)).cols(), 2U);
}

TEST(Layers, WithoutStepsGiveWhatComesIn) {
  const auto layers = Layers::parse("[]", 3, {});
  ASSERT_TRUE(layers);
  const Matrix x = random_matrix(2, 3, 1);
  const Matrix y = layers->apply(Matrix::copy_of(x.view()));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_THAT(y.row(i), testing::ElementsAreArray(x.row(i)));
}

TEST(Layers, SayWhichStepAndTensorDoesNotFit) {
  Weights weights;
  const Matrix w = random_matrix(4, 3, 1);
  ASSERT_TRUE(weights.add("l/weight", w.view()));
  const auto message = [&](std::string_view steps, std::size_t width = 3) {
    return Layers::parse(steps, width, weights).error().message();
  };
  EXPECT_THAT(message("{}"), HasSubstr("not a JSON array"));
  EXPECT_THAT(message("["), HasSubstr("steps of a tower"));
  EXPECT_THAT(message(R"([{"step":"unit"},{"step":"leap","name":"x"}])"),
              HasSubstr("step 1 of a tower: 'leap' is no step"));
  EXPECT_THAT(message(R"([{"step":"linear","name":"m"}])"), HasSubstr("'m/weight' is missing"));
  EXPECT_THAT(message(R"([{"step":"linear","name":"l"}])", 5), HasSubstr("f32 (4, 3), expected (4, 5)"));
  EXPECT_THAT(message(R"([{"step":"residual","name":"l","activation":"swish"}])"),
              HasSubstr("'swish' is no activation"));
  EXPECT_THAT(message(R"([{"step":"linear"}])"), HasSubstr("name"));
  EXPECT_THAT(message(R"([{"step":"first","dims":4}])"), HasSubstr("the first 4 of 3 coordinates"));
  EXPECT_THAT(message(R"([{"step":"first","dims":0}])"), HasSubstr("the first 0 of 3"));
  EXPECT_THAT(message(R"([{"step":"first"}])"), HasSubstr("dims"));
}

}  // namespace
}  // namespace quiver
