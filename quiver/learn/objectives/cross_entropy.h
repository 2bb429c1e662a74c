// CrossEntropy: a linear classifier over vectors, the objective of supervised encoders. It is asked for vectors of any
// of its lengths, so that Matryoshka around it is the classification loss of the paper:
//
//   loss(z) = mean over the batch of  -sum_c q_c log softmax(W z + b)_c        q = (1 - s) [c == label] + s / classes
//
//   Heads::PerLength    a head W^(m), b^(m) for every length m                                            (MRL)
//   Heads::Shared       one head of the longest length d: W^(m) = its first m columns, one bias for all   (MRL-E)
//
//   Matryoshka mrl{CrossEntropy({8, 16, 64}, 10), {8, 16, 64}, {}, Combine::Sum};
//   CrossEntropy plain({64}, 10, {.smoothing = 0});
//
// Kusupati et al. 2022 (arXiv:2205.13147); label smoothing of Szegedy et al. 2016. Inputs: out "vectors" (batch, one of
// the lengths), batch "label" (batch) int64. Parameters begin as torch's linear layers do, biases at 0.
// Requires: lengths rise from at least 1; labels are below `classes`; 0 <= smoothing < 1. Thread-safety: one owner.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

enum class Heads : std::uint8_t { PerLength, Shared };
struct CrossEntropyOptions {
  Heads heads = Heads::PerLength;
  double smoothing = 0;
  std::uint64_t seed = 1;
};

class CrossEntropy {
 public:
  CrossEntropy(std::vector<std::int64_t> lengths, std::int64_t classes, const CrossEntropyOptions& options = {});
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  // vectors: (batch, m) of one of the lengths -> (batch, classes)
  Tensor logits(const Tensor& vectors) const;
  std::vector<Tensor> parameters() const;

 private:
  std::vector<std::int64_t> lengths_;
  std::vector<Tensor> weights_, biases_;  // one of each a length, or one alone: (classes, m), (classes)
  double smoothing_;
};

}  // namespace quiver::learn
