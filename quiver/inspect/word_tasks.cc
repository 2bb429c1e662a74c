#include "quiver/inspect/word_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/linalg.h"
#include "quiver/core/statistics.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
constexpr std::size_t kQuestionsAtOnce = 256;
constexpr std::string_view kBetweenFields = " \t\r,;", kBetweenWords = " \t\r";

std::vector<std::string_view> fields_of(std::string_view line, std::string_view between) {
  std::vector<std::string_view> fields;
  for (std::size_t at = line.find_first_not_of(between); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(between, at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(between, end);
  }
  return fields;
}

// Calls read(line) for each line that is not empty and does not begin with `skipped`; it returns what was expected if
// that is not there.
Result<void> each_line(const std::filesystem::path& path, char skipped,
                       const std::function<std::string_view(std::string_view)>& read) {
  QUIVER_TRY(const std::string text, read_file(path));
  QUIVER_TRY(check_utf8(text));
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(kBetweenWords) == std::string_view::npos || line[0] == skipped) continue;
    const std::string_view expected = read(line);
    if (!expected.empty()) {
      return Error::corruption(
          fmt::format("reading {}: line {} is \"{}\"; expected {}", path.string(), number, line, expected));
    }
  }
  return {};
}

Error too_little(std::string_view what, std::size_t covered, std::size_t total) {
  return Error::invalid_argument(fmt::format(
      "{}: the vocabulary knows {} of {} questions, too few to say anything; learn from more text, or keep rarer words",
      what, covered, total));
}
bool too_few(std::size_t covered, std::size_t total) {
  return covered == 0 || static_cast<double>(covered) < kLeastCovered * static_cast<double>(total);
}
}  // namespace

Result<WordSpace> WordSpace::make(const Vocabulary& words, MatrixView vectors) {
  if (vectors.rows != words.size() || vectors.rows == 0) {
    return Error::invalid_argument(fmt::format(
        "comparing words: there are {} words and {} vectors; each word needs one", words.size(), vectors.rows));
  }
  WordSpace space;
  space.unit_ = Matrix::copy_of(vectors);
  normalize_rows(space.unit_);
  for (std::uint32_t i = 0; i < words.size(); ++i) space.of_.emplace(fold_text(words.word(i)), i);  // the first stays
  return space;
}

std::uint32_t WordSpace::find(std::string_view word) const {
  const auto found = of_.find(fold_text(word));
  return found == of_.end() ? kNoWord : found->second;
}

double WordSpace::cosine(std::uint32_t a, std::uint32_t b) const {
  const auto x = unit_.row(a), y = unit_.row(b);
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) sum += static_cast<double>(x[j]) * static_cast<double>(y[j]);
  return sum;
}

double WordAnswers::accuracy() const noexcept { return mean_of(right); }

Result<std::vector<WordPair>> read_word_pairs(const std::filesystem::path& path) {
  std::vector<WordPair> pairs;
  QUIVER_TRY(each_line(path, '#', [&](std::string_view line) -> std::string_view {
    const auto fields = fields_of(line, kBetweenFields);
    constexpr std::string_view kExpected = "two words and a number";
    if (fields.size() != 3) return kExpected;
    WordPair pair{std::string(fields[0]), std::string(fields[1]), 0};
    const char *first = fields[2].data(), *last = first + fields[2].size();
    const auto [end, error] = std::from_chars(first, last, pair.score);
    if (error != std::errc{} || end != last || !std::isfinite(pair.score)) return kExpected;
    pairs.push_back(std::move(pair));
    return {};
  }));
  return pairs;
}

Result<std::vector<Analogy>> read_analogies(const std::filesystem::path& path) {
  std::vector<Analogy> questions;
  QUIVER_TRY(each_line(path, ':', [&](std::string_view line) -> std::string_view {
    const auto words = fields_of(line, kBetweenWords);
    if (words.size() != 4) return "four words";
    questions.push_back({std::string(words[0]), std::string(words[1]), std::string(words[2]), std::string(words[3])});
    return {};
  }));
  return questions;
}

Result<WordSimilarity> word_similarity(const WordSpace& space, const std::vector<WordPair>& pairs) {
  WordSimilarity result;
  result.total = pairs.size();
  for (const WordPair& pair : pairs) {
    const std::uint32_t a = space.find(pair.a), b = space.find(pair.b);
    if (a == kNoWord || b == kNoWord) continue;
    result.people.push_back(pair.score);
    result.cosines.push_back(space.cosine(a, b));
  }
  result.covered = result.people.size();
  if (too_few(result.covered, result.total)) return too_little("word similarity", result.covered, result.total);
  result.spearman = spearman(result.people, result.cosines);
  return result;
}

Result<WordAnswers> word_analogies(const WordSpace& space, const std::vector<Analogy>& questions, std::size_t most,
                                   Run& run) {
  const std::size_t words = most == 0 ? space.size() : std::min(most, space.size());
  struct Known {
    std::uint32_t a, b, c, d;
  };
  WordAnswers answers;
  answers.total = questions.size();
  std::vector<Known> known;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Analogy& q = questions[i];
    const Known k{space.find(q.a), space.find(q.b), space.find(q.c), space.find(q.d)};
    if (std::max({k.a, k.b, k.c, k.d}) >= words) continue;  // kNoWord is the largest number
    known.push_back(k);
    answers.covered.push_back(i);
  }
  if (too_few(known.size(), answers.total)) return too_little("word analogies", known.size(), answers.total);

  const BlasThreads all(run.threads().count());
  const MatrixView vocabulary = space.unit().slice(0, words);
  for (std::size_t first = 0; first < known.size(); first += kQuestionsAtOnce) {
    if (run.stop()) return Error::cancelled("word analogies: stopped");
    const std::size_t count = std::min(kQuestionsAtOnce, known.size() - first);
    Matrix targets(count, vocabulary.cols), scores(count, words);
    for (std::size_t i = 0; i < count; ++i) {
      const Known& k = known[first + i];
      const auto a = vocabulary.row(k.a), b = vocabulary.row(k.b), c = vocabulary.row(k.c);
      for (std::size_t j = 0; j < a.size(); ++j) targets.row(i)[j] = b[j] - a[j] + c[j];
    }
    gemm_nt(targets.view(), vocabulary, scores);
    for (std::size_t i = 0; i < count; ++i) {
      const Known& k = known[first + i];
      const auto row = scores.row(i);
      for (const std::uint32_t given : {k.a, k.b, k.c}) row[given] = -INFINITY;
      const auto best = std::max_element(row.begin(), row.end()) - row.begin();
      answers.right.push_back(best == static_cast<std::ptrdiff_t>(k.d) ? 1 : 0);
    }
  }
  return answers;
}

Result<WordAnswers> word_synonyms(const WordSpace& space, const std::vector<SynonymQuestion>& questions) {
  WordAnswers answers;
  answers.total = questions.size();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const SynonymQuestion& q = questions[i];
    if (q.answer >= q.choices.size()) {
      return Error::invalid_argument(fmt::format(
          "word synonyms: question {} has {} choices and answer {}; count from 0", i, q.choices.size(), q.answer));
    }
    const std::uint32_t word = space.find(q.word);
    if (word == kNoWord || space.find(q.choices[q.answer]) == kNoWord) continue;
    double best = -INFINITY;
    std::size_t chosen = 0;
    for (std::size_t j = 0; j < q.choices.size(); ++j) {
      const std::uint32_t choice = space.find(q.choices[j]);
      const double cosine = choice == kNoWord ? -INFINITY : space.cosine(word, choice);
      if (cosine > best) {
        best = cosine;
        chosen = j;
      }
    }
    answers.covered.push_back(i);
    answers.right.push_back(chosen == q.answer ? 1 : 0);
  }
  if (too_few(answers.covered.size(), answers.total)) {
    return too_little("word synonyms", answers.covered.size(), answers.total);
  }
  return answers;
}

}  // namespace quiver
