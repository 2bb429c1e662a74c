// Word tasks: what vectors of words know of meaning, by the tests that papers report.
//
//   QUIVER_TRY(const WordSpace space, WordSpace::make(vocabulary, vectors.view()));
//   QUIVER_TRY(const auto pairs, read_word_pairs("EN-MEN-TR-3k.txt"));
//   QUIVER_TRY(const WordSimilarity men, word_similarity(space, pairs));     // men.spearman, men.covered of men.total
//   QUIVER_TRY(const WordAnswers family, word_analogies(space, *read_analogies("family.txt"), 30'000, run));
//
// similarity   Spearman's correlation of people's scores and cosines, over pairs of which both words are known
// analogy      a is to b as c is to d: d must be the nearest word to b - a + c, by cosine of unit vectors and with a,
//              b and c themselves excluded (3CosAdd: Mikolov, Yih, Zweig, NAACL 2013)
// synonyms     of several choices the one nearest to the word
//
// Words are compared as text::fold_text() leaves them, in the vocabulary and in the tests alike; of words that fold to
// the same, the first, the most frequent, is meant. A test of which the vocabulary knows too little (kLeastCovered)
// says nothing and is an Error. Thread-safety: pure functions on an immutable space. Cost: analogies one matrix product
// of questions and vocabulary.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/vocabulary.h"

namespace quiver {

inline constexpr double kLeastCovered = 0.2;

class WordSpace {
 public:
  // Copies and brings to unit length. Errors: InvalidArgument unless there is one row a word, and at least one.
  static Result<WordSpace> make(const Vocabulary& words, MatrixView vectors);
  std::size_t size() const noexcept { return unit_.rows(); }
  MatrixView unit() const& noexcept { return unit_.view(); }
  std::uint32_t find(std::string_view word) const;  // or kNoWord
  double cosine(std::uint32_t a, std::uint32_t b) const;

 private:
  Matrix unit_;
  std::unordered_map<std::string, std::uint32_t> of_;
};

struct WordPair {
  std::string a, b;
  double score = 0;
};
struct Analogy {
  std::string a, b, c, d;
};
struct SynonymQuestion {
  std::string word;
  std::vector<std::string> choices;
  std::size_t answer = 0;
};
// "word word score" a line, parted by blanks, tabs, commas or semicolons; lines that begin with # are skipped. Errors:
// Corruption names the line.
Result<std::vector<WordPair>> read_word_pairs(const std::filesystem::path& path);
// "a b c d" a line; a line that begins with ":" names a section and is skipped.
Result<std::vector<Analogy>> read_analogies(const std::filesystem::path& path);

struct WordSimilarity {
  double spearman = 0;
  std::size_t covered = 0, total = 0;
  std::vector<double> people, cosines;  // of the covered pairs, for comparisons pair by pair
};
struct WordAnswers {
  std::vector<double> right;         // 1 or 0 for each covered question
  std::vector<std::size_t> covered;  // which those are
  std::size_t total = 0;
  double accuracy() const noexcept;  // of the covered ones
};

Result<WordSimilarity> word_similarity(const WordSpace& space, const std::vector<WordPair>& pairs);
// The answer is sought among the first `most` words of the vocabulary (0: all), and questions with other words count as
// not covered. Errors: Cancelled too.
Result<WordAnswers> word_analogies(const WordSpace& space, const std::vector<Analogy>& questions, std::size_t most,
                                   Run& run);
// A question is covered if its word and its answer are known; choices that are not are never chosen.
Result<WordAnswers> word_synonyms(const WordSpace& space, const std::vector<SynonymQuestion>& questions);

}  // namespace quiver
