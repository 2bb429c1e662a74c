// Contrastive: in-batch InfoNCE. Every left vector must pick its own right vector among all right vectors of the batch,
// and the other way round; vectors of one group are never each other's negatives.
//
//   s_ij = <unit(l_i), unit(r_j)> / T                                   l: (batch, dim), r: (batch + extra, dim)
//   loss = mean_i [ log sum_j exp s_ij - s_ii ]  +  w * mean_j<batch [ log sum_i exp s_ij - s_jj ]
//   sums leave out j != i with group(l_i) == group(r_j)
//
// van den Oord et al. 2018 (arXiv:1807.03748); both directions as in CLIP (Radford et al. 2021), w = `backward`.
// Rows of `right` beyond the batch are extra (hard) negatives. log(1/T) is a parameter unless `learn_temperature` is
// off; T stays within [0.01, 1].
// Inputs: out "left", "right"; batch "left_group" (batch), "right_group" (batch + extra), int64, both optional.
// Cost: unit vectors bound every s by 1/T, so one exp() of the score matrix serves both directions and the backward
// pass (about a third of two softmaxes); below T = 0.025 that could underflow and contrastive_reference takes over.
#pragma once
#include <vector>

#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct ContrastiveOptions {
  double temperature = 0.05;
  bool learn_temperature = true;
  double backward = 0.5;  // weight of right -> left; 0 leaves it out
};

class Contrastive {
 public:
  explicit Contrastive(ContrastiveOptions options = {});
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const;  // the log of 1/T, if learnt
  double temperature() const;

 private:
  ContrastiveOptions options_;
  Tensor log_scale_;  // scalar
};

// The same loss as the formula reads, by two log-softmaxes over torch's own operators: slower, and what tests trust.
// scale: 1/T, scalar; allowed: (batch, batch + extra) bool, false where a pair must not count.
Tensor contrastive_reference(const Tensor& left, const Tensor& right, const Tensor& scale, const Tensor& allowed,
                             double backward);

}  // namespace quiver::learn
