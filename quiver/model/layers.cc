#include "quiver/model/layers.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"

namespace quiver {
namespace {
Result<std::span<const float>> optional_bias(const Weights& weights, const std::string& name, std::size_t count) {
  if (!weights.has(name)) return std::span<const float>{};
  return weights.vector(name, count);
}
void add_bias(std::span<const float> bias, Matrix& x) {
  for (std::size_t i = 0; i < x.rows() && !bias.empty(); ++i) {
    const std::span<float> row = x.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] += bias[j];
  }
}
}  // namespace

struct Layers::Reader {
  static Result<Step> step(const Json& object, std::size_t width, const Weights& weights) {
    Step out;
    QUIVER_TRY(const std::string kind, get<std::string>(object, "step"));
    if (kind == "unit") return out;
    QUIVER_TRY(const std::string name, get<std::string>(object, "name"));
    if (kind == "linear") {
      out.kind = Kind::Linear;
      QUIVER_TRY(out.outer, weights.matrix(name + "/weight"));
      QUIVER_TRY(out.outer, weights.matrix(name + "/weight", out.outer.rows, width));
      QUIVER_TRY(out.outer_bias, optional_bias(weights, name + "/bias", out.outer.rows));
      return out;
    }
    if (kind != "residual") {
      return Error::invalid_argument(fmt::format("'{}' is no step; there are unit, linear, residual", kind));
    }
    out.kind = Kind::Residual;
    QUIVER_TRY(const std::string activation, get_or<std::string>(object, "activation", "gelu"));
    if (activation == "relu")
      out.activation = Activation::Relu;
    else if (activation == "tanh")
      out.activation = Activation::Tanh;
    else if (activation != "gelu") {
      return Error::invalid_argument(fmt::format("'{}' is no activation; there are gelu, relu, tanh", activation));
    }
    QUIVER_TRY(out.inner, weights.matrix(name + "/in"));
    const std::size_t hidden = out.inner.rows;
    QUIVER_TRY(out.inner, weights.matrix(name + "/in", hidden, width));
    QUIVER_TRY(out.outer, weights.matrix(name + "/out", width, hidden));
    QUIVER_TRY(out.inner_bias, optional_bias(weights, name + "/in_bias", hidden));
    QUIVER_TRY(out.outer_bias, optional_bias(weights, name + "/out_bias", width));
    return out;
  }
};

Result<Layers> Layers::parse(std::string_view steps, std::size_t width, const Weights& weights) {
  QUIVER_TRY(const Json array, parse_json(steps).within("the steps of a tower"));
  if (!array.is_array()) return Error::invalid_argument("the steps of a tower are not a JSON array");
  Layers layers;
  layers.in_ = layers.out_ = width;
  layers.kept_ = weights;
  for (std::size_t i = 0; i < array.size(); ++i) {
    auto step = Reader::step(array[i], layers.out_, weights).within(fmt::format("step {} of a tower", i));
    if (!step.has_value()) return std::move(step).error();
    if (step->kind == Kind::Linear) layers.out_ = step->outer.rows;
    layers.steps_.push_back(*std::move(step));
  }
  return layers;
}

void Layers::activate(Activation activation, Matrix& x) {
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (float& v : x.row(i)) {
      switch (activation) {
        case Activation::Gelu:
          v = 0.5f * v * (1.0f + std::erf(v * (1.0f / std::numbers::sqrt2_v<float>)));
          break;
        case Activation::Relu:
          v = v > 0 ? v : 0;
          break;
        case Activation::Tanh:
          v = std::tanh(v);
          break;
      }
    }
  }
}

Matrix Layers::apply(Matrix x) const {
  QUIVER_CHECK(x.cols() == in_);
  for (const Step& step : steps_) {
    if (x.rows() == 0 && step.kind != Kind::Linear) continue;
    switch (step.kind) {
      case Kind::Unit:
        normalize_rows(x);
        break;
      case Kind::Linear: {
        Matrix y(x.rows(), step.outer.rows);  // (batch, out)
        if (x.rows() > 0) gemm_nt(x.view(), step.outer, y);
        add_bias(step.outer_bias, y);
        x = std::move(y);
        break;
      }
      case Kind::Residual: {
        Matrix hidden(x.rows(), step.inner.rows);  // (batch, hidden)
        gemm_nt(x.view(), step.inner, hidden);
        add_bias(step.inner_bias, hidden);
        activate(step.activation, hidden);
        gemm_nt(hidden.view(), step.outer, x, 1, 1);  // x += hidden W^T   (batch, width)
        add_bias(step.outer_bias, x);
        break;
      }
    }
  }
  return x;
}

}  // namespace quiver
