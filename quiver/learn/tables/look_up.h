// look_up: rows of a Table as a tensor that a step moves. The gradient names only those rows, so a step costs what its
// batch holds, however large the vocabulary is.
//
//   Tensor words = look_up(table, tokens.batch().ids);            // (tokens, dim), a leaf of the graph
//   encoder.forward(words, tokens) ... loss.backward();           // adds to table.gradient(), uses of a row added up
//
// Requires: ids below table.rows(); the table outlives the backward pass. Thread-safety: one owner. Cost: a copy of the
// rows forward, a sort of the ids and a pass over the gradient backward.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/learn/tables/table.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

Tensor look_up(Table& table, std::span<const std::uint32_t> ids);  // (ids, dim)

// The gradients of uses, added up by row. ids: the row of each use; values: (ids, dim).
RowGradient by_row(std::span<const std::uint32_t> ids, const Tensor& values);

}  // namespace quiver::learn
