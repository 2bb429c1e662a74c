// C&W (Collobert, Weston, "A unified architecture for natural language processing", ICML 2008): a window is scored with
// a word in its middle, and the word that stands there must score higher than drawn ones by a margin of 1:
//
//   s(w, c) = <u, tanh(b + H [x_1; ...; x_2n] + G x_w)>,    loss = sum over draws r: max(0, 1 - s(w, c) + s(r, c))
//
// H's part of the hidden layer is the same for every word in the middle and computed once. There is no output table:
// the word in the middle has the vector it has around others.
#include <algorithm>
#include <cmath>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/composers/dense_rows.h"

namespace quiver::learn {
namespace {

class ScoredWindow final : public Composer {
 public:
  explicit ScoredWindow(const ComposerSetup& s)
      : Composer(s, kRows, std::max(2 * s.window * s.dim, s.hidden)),
        negatives_(s.words),
        draws_(s.negatives),
        around_(s.hidden, 2 * s.window * s.dim, true, s.descent, s.seed, stream_of("cw around")),
        middle_(s.hidden, s.dim, false, s.descent, s.seed, stream_of("cw middle")),
        score_(1, s.hidden, s.descent) {
    score_.fill(1 / std::sqrt(static_cast<float>(s.hidden)), s.seed, stream_of("cw score"));
  }

  double visit(const Position& position, Worker& worker) noexcept override {
    const auto row = [&](Room r) { return worker.room.row(r).data(); };
    lay_out(position, worker, row(kLaid));
    around_.forward(row(kLaid), row(kShared));
    const float right = scored(position.word, worker, kRight, kRightInput);
    double loss = 0;
    float wins = 0;  // draws that come too near
    for (std::size_t n = 0; n < draws_; ++n) {
      const std::uint32_t other = negatives_.draw(worker.random);
      if (other == position.word) continue;
      const float margin = 1 - right + scored(other, worker, kWrong, kWrongInput);
      if (margin <= 0) continue;
      loss += static_cast<double>(margin);
      if (!worker.learning) continue;
      if (wins == 0) std::fill_n(row(kAroundPull), around_.hidden(), 0.0F);
      back(other, -1, worker, kWrong, kWrongInput);
      ++wins;
    }
    if (!worker.learning || wins == 0) return loss;
    back(position.word, wins, worker, kRight, kRightInput);
    std::fill_n(row(kLaidPull), around_.wide(), 0.0F);
    around_.backward(row(kLaid), row(kAroundPull), row(kLaidPull), worker.rate);
    move_back(worker, row(kLaidPull));
    return 0;
  }
  std::vector<LearnedRows*> tables() override {
    auto tables = input_tables();
    tables.insert(tables.end(), {&around_.weights(), &around_.bias(), &middle_.weights(), &score_});
    return tables;
  }

 private:
  enum Room : std::size_t {
    kLaid,
    kLaidPull,
    kShared,      // b + H [x_1; ...]
    kAroundPull,  // what moves it, of all words in the middle together
    kRight,       // tanh of the layer with the word itself
    kWrong,       // and with a drawn one
    kRightInput,
    kWrongInput,
    kHiddenPull,
    kInputPull,
    kRows
  };

  float scored(std::uint32_t word, Worker& worker, Room hidden_at, Room input_at) noexcept {
    float* hidden = worker.room.row(hidden_at).data();
    float* input = worker.room.row(input_at).data();
    const float* vector = inputs_.vector(word, input);
    if (vector != input) std::copy_n(vector, inputs_.dim(), input);
    middle_.forward(input, hidden);
    simd::kernels().activate(simd::Activation::Tanh)(hidden, worker.room.row(kShared).data(), middle_.hidden());
    float score = 0;
    score_.products(hidden, &score);
    return score;
  }

  // Moves everything but the words around, whose part it gathers, towards `times` the score of this word.
  void back(std::uint32_t word, float times, Worker& worker, Room hidden_at, Room input_at) noexcept {
    const float* hidden = worker.room.row(hidden_at).data();
    float* pull = worker.room.row(kHiddenPull).data();
    float* input_pull = worker.room.row(kInputPull).data();
    std::fill_n(pull, middle_.hidden(), 0.0F);
    score_.exchange(0, hidden, pull, times, worker.rate);
    for (std::size_t i = 0; i < middle_.hidden(); ++i) pull[i] *= 1 - hidden[i] * hidden[i];
    simd::kernels().add(worker.room.row(kAroundPull).data(), pull, middle_.hidden());
    std::fill_n(input_pull, inputs_.dim(), 0.0F);
    middle_.backward(worker.room.row(input_at).data(), pull, input_pull, worker.rate);
    inputs_.move(word, input_pull, worker.rate);
  }

  const NegativeSampler& negatives_;
  std::size_t draws_;
  DenseRows around_, middle_;
  LearnedRows score_;
};

}  // namespace

std::unique_ptr<Composer> make_scored_window(const ComposerSetup& setup) {
  return std::make_unique<ScoredWindow>(setup);
}

}  // namespace quiver::learn
