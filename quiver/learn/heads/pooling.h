// Pooling of states while they are trained: the same ways as model/pooling.h, differentiable, a batch at a time.
//
//   Tensor vectors = pool(Pool::Mean, states, tokens);                  // (tokens, dim) -> (texts, dim)
//   Tensor without = pool(Pool::Mean, states, tokens, skip);            // skip: tokens at the front of each text, such
//                                                                       // as an instruction's, that are not pooled
// A text without tokens, or with none left, gives the zero vector. Of equal largest coordinates each gets its share of
// the gradient. Thread-safety: functions. Cost: one pass over the states; Max copies them into a grid.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"
#include "quiver/model/pooling.h"

namespace quiver::learn {

// Requires: states (tokens, dim); skip is empty or has one number a text.
Tensor pool(Pool how, const Tensor& states, const PackedTokens& tokens, std::span<const std::uint32_t> skip = {});

}  // namespace quiver::learn
