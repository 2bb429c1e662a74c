// Latent semantic analysis: texts become short dense vectors without training (Deerwester, Dumais, Furnas, Landauer,
// Harshman, "Indexing by latent semantic analysis", 1990): unit tf-idf rows X, and their part in the space of the
// first right singular vectors V of X.
//
//   x_w = (1 + log tf_w) (1 + log((1 + n) / (1 + df_w))),  |x| = 1          y = x V / |x V|
//
//   QUIVER_TRY(const Lsa lsa, Lsa::fit(texts, {.dims = 384}, run));
//   Matrix queries = lsa.map(other_texts, run.threads());        // (texts, 384); unit rows, zero if no word is known
//
// V comes from subspace iteration on a random start (Halko, Martinsson, Tropp 2011), deterministic for a seed. Words
// are runs of two letters or more, folded (data/text.h); those in fewer than min_count texts or in more than max_part
// of them are left out. Thread-safety: immutable. Cost: about (rounds + 1) * 2 products of X with dims + 32 columns.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/data/vocabulary.h"

namespace quiver::recipes {

struct LsaOptions {
  std::size_t dims = 384;
  std::uint64_t min_count = 3;     // texts
  double max_part = 0.5;           // of the texts
  std::size_t max_words = 60'000;  // the most frequent
  unsigned rounds = 4;
  std::uint64_t seed = 1;
};

class Lsa {
 public:
  // Errors: InvalidArgument (fewer texts or words than dims), Cancelled.
  static Result<Lsa> fit(std::span<const std::string> texts, const LsaOptions& options, Run& run);
  Matrix map(std::span<const std::string> texts, Threads& threads) const;
  std::size_t words() const noexcept { return words_.size(); }

 private:
  SparseRows weighted(std::span<const std::string> texts, Threads& threads) const;
  Vocabulary words_;
  std::vector<float> idf_;
  Matrix terms_;  // V: (words, dims)
};

}  // namespace quiver::recipes
