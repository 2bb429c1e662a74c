// NegativeTargets: the output side that most word models share: an output vector for every word, told from drawn ones.
//
//   NegativeTargets targets(negatives, words, dim, 5, Descent::Sgd);
//   targets.step(word, context, pull, rate, random);       // outputs move; pull gathers what lowers the loss
//   double loss = targets.loss(word, context, random);     // nothing moves
//
//   loss = -log s(<c, o_w>) - sum over the drawn words r: log s(-<c, o_r>)        s: logistic
//
// A drawn word that is the word itself is left out, as word2vec does. Output vectors begin at zero. Thread-safety: as
// LearnedRows. Cost: (1 + count) rows, two passes each.
#pragma once
#include <array>
#include <cstdint>

#include "quiver/core/random.h"
#include "quiver/learn/words/learned_rows.h"
#include "quiver/learn/words/logistic.h"
#include "quiver/learn/words/negatives.h"

namespace quiver::learn {

class NegativeTargets {
 public:
  static constexpr std::size_t kMost = 63;  // negatives
  // Requires: count <= kMost. `negatives` is kept, not copied.
  NegativeTargets(const NegativeSampler& negatives, std::size_t wide, std::size_t count, Descent descent);

  void step(std::uint32_t word, const float* context, float* pull, float rate, Random& random) noexcept;
  double loss(std::uint32_t word, const float* context, Random& random) const noexcept;

  std::size_t wide() const noexcept { return outputs_.cols(); }
  LearnedRows& outputs() noexcept { return outputs_; }
  const LearnedRows& outputs() const noexcept { return outputs_; }

 private:
  struct Drawn {
    std::array<std::uint32_t, kMost + 1> words;  // the word itself first
    std::array<float, kMost + 1> products;
    std::size_t count = 0;
  };
  void draw(std::uint32_t word, const float* context, Random& random, Drawn& drawn) const noexcept;
  const NegativeSampler& negatives_;
  std::size_t count_;
  LearnedRows outputs_;
  Logistic logistic_;
};

}  // namespace quiver::learn
