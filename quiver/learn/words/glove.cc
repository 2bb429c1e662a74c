#include "quiver/learn/words/glove.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quiver::learn {
namespace {
constexpr std::size_t kPairsTogether = 4096;  // learned at one rate
constexpr double kLeastGloveRate = 1e-4;      // part of the rate that is left at the end of gradient descent

struct Sides {
  LearnedRows words, contexts, word_biases, context_biases;
  Sides(std::size_t count, std::size_t dim, Descent descent, std::uint64_t seed)
      : words(count, dim, descent),
        contexts(count, dim, descent),
        word_biases(count, 1, descent),
        context_biases(count, 1, descent) {
    const float reach = 0.5F / static_cast<float>(dim);
    words.fill(reach, seed, stream_of("glove words"));
    contexts.fill(reach, seed, stream_of("glove contexts"));
  }
};

// A step downhill on one pair; its loss before.
double step(const Cooccurrence& pair, const GloveTraining& o, float rate, float* pull, Sides& sides) {
  const double count = static_cast<double>(pair.count);
  const double weight = count >= o.full_weight ? 1 : std::pow(count / o.full_weight, o.power);
  float product = 0;
  sides.contexts.products(sides.words.row(pair.word), &pair.context, 1, &product);
  product += sides.word_biases.row(pair.word)[0] + sides.context_biases.row(pair.context)[0];
  const double above = static_cast<double>(product) - std::log(count);
  const auto error = static_cast<float>(-weight * above);
  std::fill_n(pull, o.dim, 0.0F);
  sides.contexts.exchange(pair.context, sides.words.row(pair.word), pull, error, rate);
  sides.words.move(pair.word, pull, rate);
  sides.word_biases.move(pair.word, &error, rate);
  sides.context_biases.move(pair.context, &error, rate);
  return weight * above * above / 2;
}

Result<void> check_glove(std::span<const Cooccurrence> pairs, std::size_t words, const GloveTraining& o) {
  if (pairs.empty()) {
    return Error::invalid_argument("learning GloVe vectors: no words stand together; is the text empty?");
  }
  if (o.dim == 0 || o.epochs == 0 || !(o.rate > 0) || !(o.full_weight > 0) || !(o.power > 0)) {
    return Error::invalid_argument(
        fmt::format("learning GloVe vectors: dim {}, epochs {}, rate {}, full_weight {}, power {}; all are above 0",
                    o.dim, o.epochs, o.rate, o.full_weight, o.power));
  }
  for (const Cooccurrence& pair : pairs) {
    if (pair.word >= words || pair.context >= words || !(pair.count > 0)) {
      return Error::invalid_argument(fmt::format("learning GloVe vectors: the pair ({}, {}, {}) does not fit {} words",
                                                 pair.word, pair.context, pair.count, words));
    }
  }
  return {};
}
}  // namespace

Result<WordVectors> train_glove(std::span<const Cooccurrence> pairs, std::size_t words, const GloveTraining& options,
                                Run& run) {
  QUIVER_TRY(check_glove(pairs, words, options));
  Sides sides(words, options.dim, options.descent, run.seed());
  std::vector<Cooccurrence> mixed(pairs.begin(), pairs.end());
  Random(run.seed(), stream_of("glove pairs")).shuffle(std::span(mixed));
  const std::size_t workers =
      options.deterministic ? 1 : std::min<std::size_t>(run.threads().count(), 1 + mixed.size() / kPairsTogether / 16);
  WordVectors result;
  auto stage = run.stage("GloVe vectors", options.epochs * mixed.size());
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    std::vector<double> losses(workers, 0);
    run.threads().parallel_for(workers, 1, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t w = begin; w < end; ++w) {
        Matrix pull(1, options.dim);
        const std::size_t from = mixed.size() * w / workers, to = mixed.size() * (w + 1) / workers;
        for (std::size_t first = from; first < to && !run.stop(); first += kPairsTogether) {
          const std::size_t last = std::min(first + kPairsTogether, to);
          const double gone =
              static_cast<double>(epoch) + static_cast<double>(first - from) / static_cast<double>(to - from);
          const double left = options.descent == Descent::AdaGrad
                                  ? 1
                                  : std::max(1 - gone / static_cast<double>(options.epochs), kLeastGloveRate);
          const auto rate = static_cast<float>(options.rate * left);
          for (std::size_t i = first; i < last; ++i) losses[w] += step(mixed[i], options, rate, pull.data(), sides);
          stage.advance(last - first);
        }
      }
    });
    if (run.stop()) return run.stopped("learning GloVe vectors");
    double sum = 0;
    for (const double loss : losses) sum += loss;
    if (!std::isfinite(sum)) {
      return Error::failed_precondition(
          fmt::format("learning GloVe vectors: they blew up in epoch {} at rate {}; choose a smaller rate", epoch + 1,
                      options.rate));
    }
    result.held_out_losses.push_back(sum / static_cast<double>(mixed.size()));
  }
  result.tokens = options.epochs * mixed.size();
  result.words = Matrix::copy_of(sides.words.values().view());
  for (std::size_t w = 0; w < words; ++w) {
    simd::kernels().add(result.words.row(w).data(), sides.contexts.row(w), options.dim);
  }
  result.outputs = Matrix::copy_of(sides.contexts.values().view());
  return result;
}

}  // namespace quiver::learn
