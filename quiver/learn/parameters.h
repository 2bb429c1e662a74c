// Parameters as training begins: normal numbers that depend on a seed and the parameter's name alone, so that adding a
// layer or reordering a constructor changes no other parameter.
//
//   Tensor weight = random_parameter("layers/0/feed/in", {hidden, dim}, deviation_of(dim), run.seed());
//
// Thread-safety: functions. Cost: about 10 ns a number.
#pragma once
#include <cstdint>
#include <string_view>

#include "quiver/learn/tensor.h"

namespace quiver::learn {

// Normal numbers of mean 0; a leaf that asks for no gradient yet.
Tensor random_parameter(std::string_view name, torch::IntArrayRef shape, float deviation, std::uint64_t seed);
// 1 / sqrt(3 in), for products over `in` inputs: what torch begins with, and at BERT's width of 768 its 0.02, so that
// thin models begin like wide ones.
float deviation_of(std::int64_t in);

}  // namespace quiver::learn
