// Matryoshka: an objective that also asks it of prefixes, so that the first m coordinates of a vector are a usable,
// shorter vector.
//
//   loss = sum_m weight_m * L(out with its vectors cut to m, batch) [ / sum_m weight_m ]          m in dims
//
// Kusupati et al. 2022 (arXiv:2205.13147): equal weights, and losses that are summed (Combine::Sum). The mean, our
// default, keeps the size of a step whatever the number of lengths; the sum needs a rate of its own.
//
//   Matryoshka objective{Contrastive({.temperature = 0.05}), {64, 256}};
//   Matryoshka paper{CrossEntropy({8, 64, 256}, 10), {8, 64, 256}, {}, Combine::Sum};
//
// Cuts every two-dimensional tensor of `out` that is `dims.back()` wide; the wrapped objective makes its vectors unit
// length itself, so each prefix is normalised on its own.
// Requires: dims rise and end at the width of the vectors. Cost: one call of the wrapped objective for each length.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "quiver/core/check.h"
#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

// `out` with its vectors of width `whole` cut to their first `dims` coordinates.
Tensors cut_to_prefix(const Tensors& out, std::int64_t whole, std::int64_t dims);

enum class Combine : std::uint8_t { Mean, Sum };

template <Objective Inner>
class Matryoshka {
 public:
  Matryoshka(Inner inner, std::vector<std::int64_t> dims, std::vector<double> weights = {},
             Combine combine = Combine::Mean)
      : inner_(std::move(inner)), dims_(std::move(dims)), weights_(std::move(weights)), combine_(combine) {
    if (weights_.empty()) weights_.assign(dims_.size(), 1.0);
    QUIVER_CHECK(!dims_.empty() && weights_.size() == dims_.size());
  }
  Tensor operator()(const Tensors& out, const Tensors& batch) const {
    Tensor sum;
    double total = 0;
    for (std::size_t m = 0; m < dims_.size(); ++m) {
      const Tensor loss = inner_(cut_to_prefix(out, dims_.back(), dims_[m]), batch) * weights_[m];
      sum = sum.defined() ? sum + loss : loss;
      total += weights_[m];
    }
    return combine_ == Combine::Mean ? sum / total : sum;
  }
  std::vector<Tensor> parameters() const { return inner_.parameters(); }
  const Inner& inner() const noexcept { return inner_; }

 private:
  Inner inner_;
  std::vector<std::int64_t> dims_;
  std::vector<double> weights_;
  Combine combine_;
};

}  // namespace quiver::learn
