// Triplet: an anchor must be nearer to its own positive than to a vector of another group, by a margin (Schroff,
// Kalenichenko, Philbin, "FaceNet", CVPR 2015).
//
//   d_ij = 1 - <unit(l_i), unit(r_j)>                                    l: (batch, dim), r: (batch + extra, dim)
//   loss = mean over triplets (i, n) of max(0, d_ii - d_in + margin)
//
// Which n an anchor meets, of the rows of `right` that are not of its group:
//   SemiHard  the nearest one farther than the positive; if all are nearer, the farthest of them. What is hardest of
//             all pulls all vectors to one point early in training; these do not
//   Hardest   the nearest one
//   All       each one, and the mean is over triplets that still cost something
//
//   Triplet objective({.margin = 0.3});
//   Tensor loss = objective({{"left", l}, {"right", r}}, {{"left_group", g}, {"right_group", h}});
//
// Inputs as contrastive.h: groups are int64 and optional; rows of `right` beyond the batch are extra negatives. An
// anchor without a negative costs nothing. The choice is made on values: no gradient passes through it.
// Thread-safety: immutable. Cost: one product of batch and batch + extra rows.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

enum class Mining : std::uint8_t { SemiHard, Hardest, All };

struct TripletOptions {
  double margin = 0.3;  // of cosine distances, which reach from 0 to 2
  Mining mining = Mining::SemiHard;
};

class Triplet {
 public:
  explicit Triplet(TripletOptions options = {});
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }

 private:
  TripletOptions options_;
};

}  // namespace quiver::learn
