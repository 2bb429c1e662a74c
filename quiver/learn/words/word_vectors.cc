#include "quiver/learn/words/word_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {
constexpr std::size_t kTogether = 1024;                   // tokens thinned out at once and learned at one rate
constexpr std::size_t kLeastPart = std::size_t{1} << 16;  // tokens that are worth a thread
constexpr double kLeastRate = 1e-4;                       // part of the rate that is left at the end

// A thread's way through its part of the tokens.
class Reader {
 public:
  Reader(const WordTraining& options, std::span<const float> keep) : options_(options), keep_(keep) {}

  // rate_at(i): the step after i of them. Stops early if the run does.
  template <class RateAt>
  void learn(std::span<const std::uint32_t> tokens, Composer& composer, Worker& worker, Run::Stage& stage, Run& run,
             const RateAt& rate_at) {
    for (std::size_t first = 0; first < tokens.size() && !run.stop(); first += kTogether) {
      const auto block = tokens.subspan(first, std::min(kTogether, tokens.size() - first));
      worker.rate = static_cast<float>(rate_at(first));
      thin_out(block, worker.random);
      for (std::size_t i = 0; i < kept_.size(); ++i) {
        if (kept_[i] == kNoWord) continue;
        look_around(i, options_.shrink ? 1 + worker.random.below(options_.window) : options_.window);
        if (!around_.empty()) composer.visit({kept_[i], around_}, worker);
      }
      stage.advance(block.size());
    }
  }

  // Adds the losses of these tokens' positions and their number; nothing is learned and nothing left out.
  void measure(std::span<const std::uint32_t> tokens, Composer& composer, Worker& worker, double& sum,
               double& positions) {
    worker.learning = false;
    kept_.assign(tokens.begin(), tokens.end());
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (kept_[i] == kNoWord) continue;
      look_around(i, options_.window);
      if (around_.empty()) continue;
      sum += composer.visit({kept_[i], around_}, worker);
      ++positions;
    }
  }

 private:
  void thin_out(std::span<const std::uint32_t> tokens, Random& random) {
    kept_.clear();
    for (const std::uint32_t word : tokens) {
      if (word == kNoWord || keep_[word] >= 1 || random.uniform() < static_cast<double>(keep_[word])) {
        kept_.push_back(word);
      }
    }
  }
  void look_around(std::size_t i, std::size_t reach) {
    around_.clear();
    const auto place = [](std::size_t p) { return static_cast<std::uint32_t>(p); };
    for (std::size_t back = 1; back <= reach && back <= i && kept_[i - back] != kNoWord; ++back) {
      around_.push_back({kept_[i - back], place(options_.window - back)});
    }
    for (std::size_t on = 1; on <= reach && i + on < kept_.size() && kept_[i + on] != kNoWord; ++on) {
      around_.push_back({kept_[i + on], place(options_.window + on - 1)});
    }
  }
  const WordTraining& options_;
  std::span<const float> keep_;
  std::vector<std::uint32_t> kept_;
  std::vector<Around> around_;
};

Result<void> check_settings(const WordTraining& o, std::size_t words) {
  if (o.dim == 0 || o.window == 0 || o.epochs == 0 || o.hidden == 0 || o.negatives > NegativeTargets::kMost) {
    return Error::invalid_argument(
        fmt::format("learning word vectors: dim {}, window {}, epochs {}, hidden {}, negatives {}; the first four must "
                    "be at least 1, negatives at most {}",
                    o.dim, o.window, o.epochs, o.hidden, o.negatives, NegativeTargets::kMost));
  }
  if (!(o.rate > 0) || std::isinf(o.rate) || !(o.held_out >= 0 && o.held_out < 1)) {
    return Error::invalid_argument(fmt::format(
        "learning word vectors: rate {}, held_out {}; a rate is above 0, held_out a part below 1", o.rate, o.held_out));
  }
  if (o.characters != nullptr && o.characters->words() != words) {
    return Error::invalid_argument(
        fmt::format("learning word vectors: characters of {} words for a vocabulary of {}; make them from the same one",
                    o.characters->words(), words));
  }
  return {};
}

Result<void> check_tokens(std::span<const std::uint32_t> tokens, std::span<const std::uint64_t> counts) {
  std::size_t words = 0;
  for (const std::uint32_t token : tokens) {
    if (token == kNoWord) continue;
    ++words;
    if (token >= counts.size() || counts[token] == 0) {
      return Error::invalid_argument(
          fmt::format("learning word vectors: token {} is not among {} words with a count", token, counts.size()));
    }
  }
  if (words == 0) {
    return Error::invalid_argument(
        "learning word vectors: there are no tokens; is the text empty, or every word rarer than the vocabulary "
        "keeps?");
  }
  return {};
}

// A part of the tokens for each thread, and which of it is only measured.
struct Share {
  std::span<const std::uint32_t> learned, held_out;
};
std::vector<Share> shares_of(std::span<const std::uint32_t> tokens, std::size_t workers, double held_out) {
  std::vector<Share> shares;
  for (std::size_t w = 0; w < workers; ++w) {
    const std::size_t begin = tokens.size() * w / workers, end = tokens.size() * (w + 1) / workers;
    const auto part = tokens.subspan(begin, end - begin);
    const auto held = static_cast<std::size_t>(held_out * static_cast<double>(part.size()));
    shares.push_back({part.first(part.size() - held), part.last(held)});
  }
  return shares;
}

double held_out_loss(const std::vector<Share>& shares, Composer& composer, std::vector<Reader>& readers, Run& run) {
  std::vector<double> sums(shares.size(), 0), positions(shares.size(), 0);
  run.threads().parallel_for(shares.size(), 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t w = begin; w < end; ++w) {
      Worker worker = composer.worker(Random(run.seed(), mix(stream_of("word loss"), w)));
      readers[w].measure(shares[w].held_out, composer, worker, sums[w], positions[w]);
    }
  });
  double sum = 0, count = 0;
  for (std::size_t w = 0; w < shares.size(); ++w) {
    sum += sums[w];
    count += positions[w];
  }
  return count > 0 ? sum / count : 0;
}
}  // namespace

std::vector<float> keep_chances(std::span<const std::uint64_t> counts, double sample) {
  double total = 0;
  for (const std::uint64_t count : counts) total += static_cast<double>(count);
  std::vector<float> keep(counts.size(), 1);
  for (std::size_t i = 0; sample > 0 && i < keep.size(); ++i) {
    const double part = static_cast<double>(counts[i]) / total / sample;
    if (part > 0) keep[i] = std::min(1.0F, static_cast<float>(std::sqrt(1 / part) + 1 / part));
  }
  return keep;
}

Result<WordVectors> train_words(std::span<const std::uint32_t> tokens, std::span<const std::uint64_t> counts,
                                const WordTraining& options, Run& run) {
  QUIVER_TRY(check_settings(options, counts.size()));
  QUIVER_TRY(check_tokens(tokens, counts));
  const NegativeSampler negatives(counts, options.power);
  const std::vector<float> keep = keep_chances(counts, options.sample);
  const auto composer = make_composer(options.composer, {.words = negatives,
                                                         .dim = options.dim,
                                                         .window = options.window,
                                                         .negatives = options.negatives,
                                                         .hidden = options.hidden,
                                                         .descent = options.descent,
                                                         .characters = options.characters,
                                                         .seed = run.seed()});
  const std::size_t workers =
      options.deterministic ? 1 : std::min<std::size_t>(run.threads().count(), 1 + tokens.size() / kLeastPart);
  const std::vector<Share> shares = shares_of(tokens, workers, options.held_out);
  std::vector<Reader> readers(workers, Reader(options, keep));

  WordVectors result;
  for (const Share& share : shares) result.tokens += options.epochs * share.learned.size();
  auto stage = run.stage("word vectors", result.tokens);
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    run.threads().parallel_for(workers, 1, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t w = begin; w < end; ++w) {
        Worker worker = composer->worker(Random(run.seed(), mix(mix(stream_of("word training"), epoch), w)));
        const auto learned = static_cast<double>(shares[w].learned.size());
        readers[w].learn(shares[w].learned, *composer, worker, stage, run, [&](std::size_t done) {
          if (options.descent == Descent::AdaGrad) return options.rate;
          const double gone = static_cast<double>(epoch) + static_cast<double>(done) / learned;
          return options.rate * std::max(1 - gone / static_cast<double>(options.epochs), kLeastRate);
        });
      }
    });
    if (run.stop()) return run.stopped("learning word vectors");
    if (!check_finite(composer->inputs().words().values().view(), "word vectors").has_value()) {
      return Error::failed_precondition(
          fmt::format("learning word vectors: they blew up in epoch {} at rate {}; choose a smaller rate", epoch + 1,
                      options.rate));
    }
    if (options.held_out > 0) result.held_out_losses.push_back(held_out_loss(shares, *composer, readers, run));
  }
  result.words = composer->inputs().composed();
  if (const LearnedRows* outputs = composer->outputs()) result.outputs = Matrix::copy_of(outputs->values().view());
  if (LearnedRows* letters = composer->inputs().characters()) {
    result.characters = Matrix::copy_of(letters->values().view());
  }
  return result;
}

}  // namespace quiver::learn
