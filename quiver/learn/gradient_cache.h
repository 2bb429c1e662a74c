// encode_in_chunks: a batch as large as the objective wants, in the memory of a small one. Contrastive losses learn
// more from many in-batch negatives, and what a step must hold is then the encoder's states for all rows at once.
//
//   Tensor left = encode_in_chunks(rows, 32, [&](std::int64_t first, std::int64_t count) {
//     return pool(Pool::Mean, encoder.forward(tokens_of(first, count), {.dropout = mix(seed, first)}).back(), ...);
//   });                                                              // (rows, dim)
//   Tensor loss = objective({{"left", left}, ...}, batch);           // any objective; backward() as always
//
// Vectors are encoded without a graph, chunk by chunk. When the objective's gradient reaches them, each chunk is
// encoded again with a graph and the gradient goes on from there: the gradients of parameters are those of the whole
// batch at once. This is the gradient cache of Gao et al. 2021 (arXiv:2101.06983), as one operator instead of a
// training loop. Requires: `encode` is a pure function of (first, count) and gives (count, dim): it runs twice for each
// chunk, so dropout must follow from a seed. Only leaves that `encode` itself uses get gradients. Cost: one more
// forward pass; memory of one chunk. Thread-safety: as torch's backward pass.
#pragma once
#include <cstdint>
#include <functional>

#include "quiver/learn/tensor.h"

namespace quiver::learn {

using EncodeChunk = std::function<Tensor(std::int64_t first, std::int64_t count)>;
// Requires: rows > 0 and chunk > 0.
Tensor encode_in_chunks(std::int64_t rows, std::int64_t chunk, EncodeChunk encode);

}  // namespace quiver::learn
