// Ranking: scores of candidates must put the more relevant ones in front. Each row is a list of its own: a query with
// its candidates.
//
//   PairwiseRanking  mean over lists of the mean over pairs (i, j) with relevance_i > relevance_j of
//                    log(1 + exp(-(s_i - s_j)))
//                    RankNet (Burges et al., ICML 2005); with one relevant candidate and one drawn at random it is BPR
//                    (Rendle et al., UAI 2009, arXiv:1205.2618)
//   ListwiseRanking  mean over lists of  -sum_i p_i log softmax(s)_i        p = softmax(relevance / temperature)
//                    ListNet, top one (Cao et al., ICML 2007)
//
//   PairwiseRanking objective;
//   Tensor loss = objective({{"scores", s}}, {{"relevance", r}, {"present", p}});     // (lists, candidates) each
//
// Inputs: out "scores"; batch "relevance", numbers of which the larger is the better, and "present", bool, false where
// a list has no such candidate (absent: all are there). A list without a pair to order costs nothing and does not count
// in the mean, nor does one without a candidate. Thread-safety: immutable. Cost: Pairwise lists * candidates^2 numbers,
// Listwise one softmax.
#pragma once
#include <vector>

#include "quiver/learn/objectives/objective.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

class PairwiseRanking {
 public:
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }
};

class ListwiseRanking {
 public:
  explicit ListwiseRanking(double temperature = 1);
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }

 private:
  double temperature_;
};

}  // namespace quiver::learn
