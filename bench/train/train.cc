// bench_train: how fast Quiver trains, for tools/bench_train, which runs it in turn with programs that do the same.
//
//   bench_train transformer even 1                        {"tokens_per_second", "waited"}: steps of a small text
//   encoder; bench_train words text.txt sg 3 v.txt                 {"tokens_per_second"}: vectors of a corpus, by one
//   thread thread bench_train loader 64                                  {"waited", "seconds"}: what a step waits for
//   its batch
//
// Speeds are tokens a second of processor time, so that a busy machine slows every program alike or none.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

#include "quiver/core/cpu_time.h"
#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/run.h"
#include "quiver/learn/encoders/transformer.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/prefetch.h"
#include "quiver/learn/words/word_vectors.h"

namespace quiver::learn {
namespace {

constexpr std::uint32_t kWords = 8000;
constexpr std::size_t kBatch = 32;

// A batch of texts of made-up words: all of 64, or of 20 to 64 of them.
TokenBatch texts(bool even, std::uint64_t step) {
  TokenBatch batch;
  Random random(1, step);
  for (std::size_t i = 0; i < kBatch; ++i) {
    std::vector<std::uint32_t> ids(even ? 64 : 20 + (i * 37 + static_cast<std::size_t>(step) * 11) % 45);
    for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random.below(kWords));
    batch.add(ids);
  }
  return batch;
}

// Tokens a second of steps of contrastive training: the median step.
void transformer(bool even, unsigned count) {
  const TorchThreads threads(count);
  Transformer net({.vocabulary = kWords, .dim = 192, .heads = 6, .hidden = 768, .layers = 4, .context = 128}, {}, 1);
  Adam adam(net.parameters(), {.rate = 1e-4, .weight_decay = 0.01});
  Prefetch<TokenBatch> batches([even](std::uint64_t step) { return texts(even, step); });
  std::vector<double> seconds;
  double whole = 0, waited = 0;
  constexpr std::uint64_t kWarm = 4, kSteps = 18;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    const double before = batches.waited_seconds(), begin = cpu_seconds();
    const PackedTokens tokens(batches.take(step));
    adam.clear_gradients();
    const Tensor vectors = pool(Pool::Mean, net.forward(tokens).back(), tokens);  // (texts, dim)
    const Tensor unit = vectors / vectors.norm(2, {1}, true);
    torch::nn::functional::cross_entropy(torch::matmul(unit, unit.t()) / 0.05,  // (texts, texts)
                                         torch::arange(static_cast<std::int64_t>(kBatch)))
        .backward();
    adam.step(1);
    if (step < kWarm) continue;
    const double spent = cpu_seconds() - begin;
    whole += spent;
    waited += batches.waited_seconds() - before;
    seconds.push_back(spent / static_cast<double>(tokens.tokens()));
  }
  std::sort(seconds.begin(), seconds.end());
  fmt::print("{{\"tokens_per_second\": {:.1f}, \"waited\": {:.5f}}}\n", 1 / seconds[seconds.size() / 2],
             waited / whole);
}

// Vectors of the words of a file, one sentence a line, words between blanks; written as word2vec writes text.
Result<void> words(const char* path, std::string_view composer, std::size_t epochs, const char* out) {
  QUIVER_TRY(const std::string text, read_file(path));
  const auto each = [&](auto&& word, auto&& end_of_line) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      const bool ends = i == text.size() || text[i] == '\n';
      if (!ends && text[i] != ' ') continue;
      if (i > begin) word(std::string_view(text).substr(begin, i - begin));
      if (ends) end_of_line();
      begin = i + 1;
    }
  };
  VocabularyBuilder builder;
  each([&](std::string_view word) { builder.add(word); }, [] {});
  const Vocabulary vocabulary = builder.build({.min_count = 5});
  std::vector<std::uint64_t> counts;
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) counts.push_back(vocabulary.count(id));
  std::vector<std::uint32_t> tokens;
  each(
      [&](std::string_view word) {
        if (const std::uint32_t id = vocabulary.find(word); id != kNoWord) tokens.push_back(id);
      },
      [&] { tokens.push_back(kNoWord); });
  // What fastText does when it is told -dim 100 -ws 5 -neg 5 -minCount 5 -t 1e-4 -lr 0.05 -minn 0 -maxn 0.
  const WordTraining options{.composer = composer == "cbow" ? ComposerKind::Cbow : ComposerKind::SkipGram,
                             .epochs = epochs,
                             .rate = 0.05,
                             .sample = 1e-4,
                             .held_out = 0};
  Run run({.seed = 1, .threads = 1});
  const double begin = cpu_seconds();
  QUIVER_TRY(const WordVectors learned, train_words(tokens, counts, options, run));
  const double seconds = cpu_seconds() - begin;
  std::string lines = fmt::format("{} {}\n", vocabulary.size(), learned.words.cols());
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) {
    lines += vocabulary.word(id);
    for (const float x : learned.words.row(id)) lines += fmt::format(" {:.5g}", x);
    lines += '\n';
  }
  QUIVER_TRY(write_file(out, lines));
  fmt::print("{{\"tokens_per_second\": {:.1f}}}\n",
             static_cast<double>(tokens.size()) * static_cast<double>(epochs) / seconds);
  return {};
}

int usage() {
  fmt::print(stderr, "bench_train transformer even|ragged THREADS\nbench_train words TEXT sg|cbow EPOCHS OUT\n");
  return 2;
}
}  // namespace

static int main_of(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[0] == "transformer") {
    transformer(arguments[1] == "even", static_cast<unsigned>(std::stoul(arguments[2])));
    return 0;
  }
  if (arguments.size() != 5 || arguments[0] != "words") return usage();
  const auto done = words(arguments[1].c_str(), arguments[2], std::stoul(arguments[3]), arguments[4].c_str());
  if (done.has_value()) return 0;
  fmt::print(stderr, "bench_train: {}\n", done.error().message());
  return 1;
}
}  // namespace quiver::learn

int main(int count, char** arguments) { return quiver::learn::main_of({arguments + 1, arguments + count}); }
