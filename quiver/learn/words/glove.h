// GloVe (Pennington, Socher, Manning, EMNLP 2014): word vectors whose products are the logarithms of how often words
// stand together, by weighted least squares over a text's co-occurrences.
//
//   const auto pairs = cooccurrences(tokens, 5);
//   QUIVER_TRY(const WordVectors learned, train_glove(pairs, vocabulary.size(), {.dim = 50}, run));
//
//   minimise  sum over pairs: f(X) (<w, c> + b_w + b_c - log X)^2 / 2,      f(X) = min(1, (X / full_weight)^power)
//
// by AdaGrad or gradient descent. A word's vector is the sum of w and its c, as the authors' is. Threads: as
// train_words(). Cost: 8 * dim operations a pair and epoch.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/learn/words/cooccurrences.h"
#include "quiver/learn/words/learned_rows.h"
#include "quiver/learn/words/word_vectors.h"

namespace quiver::learn {

struct GloveTraining {
  std::size_t dim = 100, epochs = 15;
  double full_weight = 100, power = 0.75;  // x_max and alpha of the paper
  double rate = 0.05;
  Descent descent = Descent::AdaGrad;
  bool deterministic = false;
};

// held_out_losses of the result: the mean of all pairs' losses in each epoch, before each step. Errors: InvalidArgument
// for no pairs, numbers out of range, settings that are not above 0; FailedPrecondition if it blew up; Cancelled.
Result<WordVectors> train_glove(std::span<const Cooccurrence> pairs, std::size_t words, const GloveTraining& options,
                                Run& run);

}  // namespace quiver::learn
