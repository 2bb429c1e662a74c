// Objective: what training makes small. A value with a call; it may own parameters (a temperature, heads) and wrap
// other objectives, so that a new loss is a composition, not a new trainer.
//
//   auto objective = Matryoshka{Contrastive({.temperature = 0.05}), {64, 128, 256}};
//   Tensor loss = objective(out, batch);          // scalar
//
// out: what the modules gave, by name ("left", "right"); batch: what the sampler drew ("left_group").
// Copies of an objective share its parameters. Thread-safety: one owner.
#pragma once
#include <concepts>
#include <vector>

#include "quiver/learn/tensor.h"

namespace quiver::learn {

template <class O>
concept Objective = requires(const O& objective, const Tensors& out, const Tensors& batch) {
  { objective(out, batch) } -> std::same_as<Tensor>;
  { objective.parameters() } -> std::same_as<std::vector<Tensor>>;
};

}  // namespace quiver::learn
