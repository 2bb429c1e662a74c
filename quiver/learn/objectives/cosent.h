// CoSENT: the cosines of pairs must rank the pairs as their scores do. A loss on the order, not on the values, so that
// any scale of scores serves, and what it lowers is what Spearman's correlation measures.
//
//   loss = log( 1 + sum over pairs i, j with y_i < y_j of exp( tau (c_i - c_j) ) )        c_i = cos(l_i, r_i)
//
//   CoSent objective({.tau = 20});
//   Tensor loss = objective({{"left", l}, {"right", r}}, {{"scores", y}});       // (b, dim), (b, dim), (b)
//   objective.skipped();                                                         // batches without two different
//   scores
//
// Su 2022 (CoSENT), as AnglE (Li & Li 2023, arXiv:2309.12871) uses it. A batch in which all scores are equal says
// nothing about order: its loss is 0 without a gradient, and it is counted.
// Inputs: out "left", "right"; batch "scores" (b) float. Copies share the count. Cost: (b, b) differences, one pass.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

// log(1 + sum over y_i < y_j of exp(s_i - s_j)). similarities, scores: (b); the scale is already in the similarities.
// Without a pair of different scores: 0, still with a graph behind it.
Tensor ranking_loss(const Tensor& similarities, const Tensor& scores);
// The same, pair by pair in double precision: what tests trust.
double ranking_loss_reference(const std::vector<double>& similarities, const std::vector<double>& scores);

bool all_equal(const Tensor& scores);  // also of one score, or none

struct CoSentOptions {
  double tau = 20;
};

class CoSent {
 public:
  explicit CoSent(CoSentOptions options = {}) : options_(options), skipped_(std::make_shared<std::uint64_t>(0)) {}
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }
  std::uint64_t skipped() const noexcept { return *skipped_; }

 private:
  CoSentOptions options_;
  std::shared_ptr<std::uint64_t> skipped_;
};

}  // namespace quiver::learn
