// Pooling: the hidden states of one text become one vector.
//
//   first     the state of the first token ([CLS])             last      that of the last token
//   mean      the average over tokens                          mean_sqrt their sum over the square root of their number
//   max       the largest of each coordinate                   weighted  the average with weights 1, 2, 3, ...
//
//   pool(Pool::Mean, states, 0, vector);                        // states: (tokens, dim), vector: (dim)
//
// The first `skip` tokens, such as those of an instruction, are left out; the others keep their weights. No tokens give
// the zero vector. Thread-safety: functions. Cost: one pass over the states.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"

namespace quiver {

enum class Pool : std::uint8_t { First, Mean, Max, Last, MeanSqrt, Weighted };
std::string_view name_of(Pool pool) noexcept;    // "mean_sqrt"
Result<Pool> parse_pool(std::string_view text);  // the Error lists them

void pool(Pool how, MatrixView states, std::size_t skip, std::span<float> out);

}  // namespace quiver
