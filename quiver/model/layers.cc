#include "quiver/model/layers.h"

#include <fmt/format.h>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/model/activation.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
Result<std::span<const float>> optional_bias(const Weights& weights, const std::string& name, std::size_t count) {
  if (!weights.has(name)) return std::span<const float>{};
  return weights.vector(name, count);
}
// x <- f(x + bias), where either may be missing.
void finish(std::span<const float> bias, std::optional<simd::Activation> activation, Matrix& x) {
  const simd::Kernels& kernels = simd::kernels();
  const float* const added = bias.empty() ? nullptr : bias.data();
  for (std::size_t i = 0; i < x.rows(); ++i) {
    if (activation) {
      kernels.activate (*activation)(x.row(i).data(), added, x.cols());
    } else if (added != nullptr) {
      kernels.add(x.row(i).data(), added, x.cols());
    }
  }
}
}  // namespace

struct Layers::Reader {
  static Result<Step> step(const Json& object, std::size_t width, const Weights& weights) {
    Step out;
    QUIVER_TRY(const std::string kind, get<std::string>(object, "step"));
    if (kind == "unit") return out;
    if (kind == "first") {
      out.kind = Kind::First;
      QUIVER_TRY(out.dims, get<std::size_t>(object, "dims"));
      if (out.dims > 0 && out.dims <= width) return out;
      return Error::invalid_argument(fmt::format("the first {} of {} coordinates cannot be kept", out.dims, width));
    }
    QUIVER_TRY(const std::string name, get<std::string>(object, "name"));
    QUIVER_TRY(const std::string activation,
               get_or<std::string>(object, "activation", kind == "residual" ? "gelu" : ""));
    if (!activation.empty()) {
      QUIVER_TRY(out.activation, parse_activation(activation));
    }
    if (kind == "linear") {
      out.kind = Kind::Linear;
      QUIVER_TRY(out.outer, weights.matrix(name + "/weight"));
      QUIVER_TRY(out.outer, weights.matrix(name + "/weight", out.outer.rows, width));
      QUIVER_TRY(out.outer_bias, optional_bias(weights, name + "/bias", out.outer.rows));
      return out;
    }
    if (kind != "residual") {
      return Error::invalid_argument(fmt::format("'{}' is no step; there are unit, first, linear, residual", kind));
    }
    out.kind = Kind::Residual;
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
    if (step->kind == Kind::First) layers.out_ = step->dims;
    layers.steps_.push_back(*std::move(step));
  }
  return layers;
}

Matrix Layers::apply(Matrix x) const {
  QUIVER_CHECK(x.cols() == in_);
  for (const Step& step : steps_) {
    if (x.rows() == 0 && (step.kind == Kind::Unit || step.kind == Kind::Residual)) continue;  // keeps the width
    switch (step.kind) {
      case Kind::Unit:
        normalize_rows(x);
        break;
      case Kind::First:
        x = Matrix::copy_of(x.view().prefix(step.dims));  // (batch, dims)
        break;
      case Kind::Linear: {
        Matrix y(x.rows(), step.outer.rows);  // (batch, out)
        if (x.rows() > 0) gemm_nt(x.view(), step.outer, y);
        finish(step.outer_bias, step.activation, y);
        x = std::move(y);
        break;
      }
      case Kind::Residual: {
        Matrix hidden(x.rows(), step.inner.rows);  // (batch, hidden)
        gemm_nt(x.view(), step.inner, hidden);
        finish(step.inner_bias, step.activation, hidden);
        gemm_nt(hidden.view(), step.outer, x, 1, 1);  // x += hidden W^T   (batch, width)
        finish(step.outer_bias, {}, x);
        break;
      }
    }
  }
  return x;
}

}  // namespace quiver
