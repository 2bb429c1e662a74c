// Word vectors: a vector for every word of a vocabulary, learned from which words stand near which, by any composer of
// composers/composer.h on one trainer, so that what is compared differs in nothing else.
//
//   QUIVER_TRY(const WordVectors learned, train_words(tokens, counts, {.composer = ComposerKind::Cbow}, run));
//   learned.words.row(vocabulary.find("lion"))                       // (vocabulary, dim)
//
// Tokens are word numbers; kNoWord ends a sentence or a document, over which no window reaches. Frequent words are left
// out at random before windows are laid (`sample`; 0 leaves none out). With `shrink` a window is 1 .. window words each
// side, drawn at each position, as word2vec does; the comparison of Lai et al. holds it fixed. Under gradient descent
// the step falls linearly to a ten-thousandth of `rate`; under AdaGrad it is the sums of squares that make it fall.
// Input vectors begin uniform in (-1/2, 1/2) / dim, output vectors at zero.
//
// Every thread goes through its own part of the tokens, all of them on one model (learned_rows.h says at what price):
// with one thread, or `deterministic`, a training repeats itself bit for bit for a seed. Of each part the last
// `held_out` is not learned from; its mean loss is reported after each epoch, for choosing the number of epochs.
// Thread-safety: one training a Run. Cost: SkipGram about 2 * window * (1 + negatives) * 4 * dim operations a token.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/vocabulary.h"
#include "quiver/learn/words/composers/composer.h"

namespace quiver::learn {

struct WordTraining {
  ComposerKind composer = ComposerKind::SkipGram;
  std::size_t dim = 100, window = 5, negatives = 5, epochs = 5;
  std::size_t hidden = 100;  // of Nnlm and ScoredWindow
  Descent descent = Descent::Sgd;
  double rate = 0.025, sample = 1e-3, power = 0.75;
  double held_out = 0.05;
  bool shrink = true, deterministic = false;
  const WordCharacters* characters = nullptr;  // of each word, if their vectors are to be learned too
};

struct WordVectors {
  Matrix words;       // (vocabulary, dim): as context words enter the model, with their characters
  Matrix outputs;     // (vocabulary, dim, or 2 * window * dim for Order, hidden for Nnlm); none for ScoredWindow
  Matrix characters;  // (characters, dim), if they were given
  std::vector<double> held_out_losses;  // after each epoch, a position; empty if nothing is held out
  std::uint64_t tokens = 0;             // gone through, over all epochs, frequent words that were left out included
};

// counts: of each word; tokens: below counts.size(), or kNoWord. Errors: InvalidArgument for no tokens, a word number
// out of range, a dimension, window or rate that is 0, characters of another vocabulary; FailedPrecondition for a
// training that blew up; Cancelled.
Result<WordVectors> train_words(std::span<const std::uint32_t> tokens, std::span<const std::uint64_t> counts,
                                const WordTraining& options, Run& run);

// How likely each word is to be kept: sqrt(sample / f) + sample / f, at most 1, f its part of all words. 1 for sample
// 0.
std::vector<float> keep_chances(std::span<const std::uint64_t> counts, double sample);

}  // namespace quiver::learn
