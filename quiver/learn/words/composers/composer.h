// Composer: a model of word vectors, told apart from the others by how it describes what stands around a word: the ways
// that Lai, Liu, He, Zhao, "How to generate a good word embedding", IEEE Intelligent Systems 31, 2016, compare on one
// trainer (word_vectors.h).
//
//   const auto composer = make_composer(ComposerKind::Cbow, setup);
//   Worker worker = composer->worker(Random(seed, stream));            // one a thread
//   composer->visit({word, around}, worker);                           // one step downhill
//
//   SkipGram      each context word by itself, a term of the loss of its own             skip_gram.cc
//   Cbow          the mean of the context words                                          cbow.cc
//   Order         their vectors one behind the other                                     order.cc
//   Lbl           the sum of H_j e(w_j), a matrix for each place                         lbl.cc
//   Nnlm          tanh of a hidden layer over their concatenation                        nnlm.cc
//   ScoredWindow  the window with the word in it gets a score (Collobert and Weston)     scored_window.cc
//
// All but the last are told from drawn words by NegativeTargets. Places of a window are numbered 0 .. 2 * window - 1
// from left to right, without the word itself; models that look at places put the padding word where none stands.
// Thread-safety: visit() from several threads at once, each with a Worker of its own (LearnedRows says at what price).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/random.h"
#include "quiver/learn/words/negatives.h"
#include "quiver/learn/words/word_inputs.h"

namespace quiver::learn {

enum class ComposerKind : std::uint8_t { SkipGram, Cbow, Order, Lbl, Nnlm, ScoredWindow };
inline constexpr ComposerKind kComposers[] = {ComposerKind::SkipGram, ComposerKind::Cbow, ComposerKind::Order,
                                              ComposerKind::Lbl,      ComposerKind::Nnlm, ComposerKind::ScoredWindow};
std::string_view name_of(ComposerKind kind) noexcept;  // sg, cbow, order, lbl, nnlm, cw

struct ComposerSetup {
  const NegativeSampler& words;  // every word of the vocabulary; outlives the composer
  std::size_t dim = 100, window = 5, negatives = 5, hidden = 100;
  Descent descent = Descent::Sgd;
  const WordCharacters* characters = nullptr;
  std::uint64_t seed = 1;
};

struct Around {
  std::uint32_t word, place;
};
struct Position {
  std::uint32_t word;
  std::span<const Around> around;  // at least one, within `window` of it
};

// What one thread has for itself.
struct Worker {
  Random random;
  float rate = 0;
  bool learning = true;                // else losses are measured and nothing moves
  Matrix room = Matrix();              // rows that the composer asked for
  std::vector<std::uint32_t> words{};  // of a window, by place
};

class Composer {
 public:
  virtual ~Composer() = default;
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;

  // A step downhill; or, if the worker measures, the loss of this position (of one term, where it has several).
  virtual double visit(const Position& position, Worker& worker) noexcept = 0;
  // Everything that is learned, the words' own vectors first.
  virtual std::vector<LearnedRows*> tables() = 0;
  virtual const LearnedRows* outputs() const noexcept { return nullptr; }

  Worker worker(Random random) const;
  WordInputs& inputs() noexcept { return inputs_; }

 protected:
  Composer(const ComposerSetup& setup, std::size_t room_rows, std::size_t room_width);
  std::vector<LearnedRows*> input_tables();
  // The window's vectors one behind the other at `to`, and what moves them back.
  void lay_out(const Position& position, Worker& worker, float* to) const noexcept;
  void move_back(const Worker& worker, const float* downhill) noexcept;

  WordInputs inputs_;
  const std::size_t places_;

 private:
  std::size_t room_rows_, room_width_;
};

std::unique_ptr<Composer> make_composer(ComposerKind kind, const ComposerSetup& setup);
std::unique_ptr<Composer> make_skip_gram(const ComposerSetup& setup);
std::unique_ptr<Composer> make_cbow(const ComposerSetup& setup);
std::unique_ptr<Composer> make_order(const ComposerSetup& setup);
std::unique_ptr<Composer> make_lbl(const ComposerSetup& setup);
std::unique_ptr<Composer> make_nnlm(const ComposerSetup& setup);
std::unique_ptr<Composer> make_scored_window(const ComposerSetup& setup);

}  // namespace quiver::learn
