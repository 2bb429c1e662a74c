// Body "linear": y = x W^T + b on rows that are already vectors: PCA, random projections, rotations, distilled maps.
//
//   Weights weights;                                          // "linear/weight" (out, in), optional "linear/bias"
//   (out) auto model = Model::make("linear", R"({"in": 784, "steps": [{"step": "linear", "name": "linear"}]})", {port},
//   ...); QUIVER_TRY(Encoded out, model.map(rows, {}, {}, run));
//
// Config: "in", the width it reads; "steps", as in layers.h; "steps_of", optional: steps of single ports by name, for
// queries that are mapped otherwise than rows; "reads", the Space it accepts, optional: when given, rows
// of another space are refused. Rows of unknown space are accepted when their width agrees. Thread-safety: const. Cost:
// one GEMM over blocks of 1,024 rows, split over Run's threads.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quiver/model/body.h"

namespace quiver {

Result<std::unique_ptr<const ModelBody>> make_linear(std::string_view config, std::span<const Port> ports,
                                                     const Weights& weights);
// The model y = (x - mean) basis^T as one linear step; basis: (out, in), mean: (in) or empty.
Result<Model> linear_map(MatrixView basis, std::span<const float> mean, const Space& reads, Port port, Card card);

}  // namespace quiver
