// Layers: the dense steps behind a pooled vector, on the core's GEMM: what a small tower of a trained module becomes.
//
//   QUIVER_TRY(auto tower, Layers::parse(R"([{"step": "unit"}, {"step": "residual", "name": "query/0"}])", 256,
//   weights)); tower.apply(x);                                     // x: (batch, 256), in place unless a step changes
//   the width
//
// Steps
//   unit       x <- x / |x|; a zero row stays zero
//   linear     x <- f(x W^T + b), f optional            tensors NAME/weight (out, in), NAME/bias (out), bias optional
//   first      x <- its first {"dims": n} coordinates
//   residual   x <- x + f(x U^T + a) W^T + b            tensors NAME/in, NAME/in_bias, NAME/out, NAME/out_bias (biases
//   optional)
// f: {"activation": "gelu"} (exact, by erf; the default of residual), "gelu_tanh", "relu", "silu" or "tanh".
// Thread-safety: const and shared. Cost: one GEMM per matrix and batch; meant for batches of hundreds.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/model/weights.h"
#include "quiver/simd/activations.h"

namespace quiver {

class Layers {
 public:
  Layers() = default;
  // `steps`: a JSON array; `width`: columns that come in. Errors name the step, and the tensor that does not fit.
  static Result<Layers> parse(std::string_view steps, std::size_t width, const Weights& weights);
  std::size_t in() const noexcept { return in_; }
  std::size_t out() const noexcept { return out_; }
  Matrix apply(Matrix x) const;  // (batch, in) -> (batch, out)

 private:
  enum class Kind : std::uint8_t { Unit, First, Linear, Residual };
  struct Reader;  // of JSON, in the .cc
  struct Step {
    Kind kind = Kind::Unit;
    std::size_t dims = 0;                           // of first
    std::optional<simd::Activation> activation{};   // nothing: none
    MatrixView inner, outer;                        // linear uses outer alone
    std::span<const float> inner_bias, outer_bias;  // empty: none
  };
  std::size_t in_ = 0, out_ = 0;
  std::vector<Step> steps_;
  Weights kept_;  // shares what the views point into
};

}  // namespace quiver
