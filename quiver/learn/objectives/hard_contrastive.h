// HardContrastive: InfoNCE over negatives that were chosen for each row: a query must pick its positive before its own
// k hard negatives, and, with `in_batch`, before everything else in the batch too.
//
//   s(a, b) = <unit(a), unit(b)> / T
//   loss = mean_i [ log sum_{d in D_i} exp s(q_i, d) - s(q_i, p_i) ]
//   in_batch off:  D_i = {p_i} and the k negatives of row i
//   in_batch on:   D_i = all positives and negatives of the batch, less those of row i's group other than p_i
//
// van den Oord et al. 2018 (arXiv:1807.03748); both switches as the two stages of NV-Embed (Lee et al., ICLR 2025,
// arXiv:2405.17428): other rows of a batch may share the class of row i, so a task of classes is trained without them.
// T is fixed: a learned temperature hides what arms differ in.
// Inputs: out "left" (batch, dim), "right" (batch, dim), "negative" (batch * k, dim), those of row i at i * k; batch
// "left_group" (batch), "right_group" (batch), "negative_group" (batch * k), int64, all or none; used if in_batch is
// on. Cost: the scores it needs: batch * (1 + k) of them, or batch^2 * (1 + k).
#pragma once
#include <vector>

#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct HardContrastiveOptions {
  double temperature = 0.05;  // within [0.01, 1]
  bool in_batch = true;
};

class HardContrastive {
 public:
  explicit HardContrastive(HardContrastiveOptions options = {});
  // Requires: k >= 1 where in_batch is off (a row without negatives has nothing to learn); "negative" may be missing
  // where it is on.
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }

 private:
  HardContrastiveOptions options_;
  Contrastive in_batch_;
};

}  // namespace quiver::learn
