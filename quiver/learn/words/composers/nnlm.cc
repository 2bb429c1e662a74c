// NNLM, the neural probabilistic language model (Bengio, Ducharme, Vincent, Jauvin, JMLR 3, 2003), told from drawn
// words in place of a softmax, without direct connections:
//
//   h = tanh(b + H [x_1; ...; x_2n]),    loss = -log s(<h, o_w>) - sum over draws r: log s(-<h, o_r>)
#include <algorithm>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/composers/dense_rows.h"
#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {

class Nnlm final : public Composer {
 public:
  explicit Nnlm(const ComposerSetup& s)
      : Composer(s, 4, std::max(2 * s.window * s.dim, s.hidden)),
        layer_(s.hidden, 2 * s.window * s.dim, true, s.descent, s.seed, stream_of("nnlm hidden")),
        targets_(s.words, s.hidden, s.negatives, s.descent) {}

  double visit(const Position& position, Worker& worker) noexcept override {
    float* laid = worker.room.row(0).data();       // (places, dim)
    float* laid_pull = worker.room.row(1).data();  // (places, dim)
    float* hidden = worker.room.row(2).data();     // (hidden)
    float* pull = worker.room.row(3).data();       // (hidden)
    lay_out(position, worker, laid);
    layer_.forward(laid, hidden);
    simd::kernels().activate(simd::Activation::Tanh)(hidden, nullptr, layer_.hidden());
    if (!worker.learning) return targets_.loss(position.word, hidden, worker.random);
    std::fill_n(pull, layer_.hidden(), 0.0F);
    targets_.step(position.word, hidden, pull, worker.rate, worker.random);
    for (std::size_t i = 0; i < layer_.hidden(); ++i) pull[i] *= 1 - hidden[i] * hidden[i];
    std::fill_n(laid_pull, layer_.wide(), 0.0F);
    layer_.backward(laid, pull, laid_pull, worker.rate);
    move_back(worker, laid_pull);
    return 0;
  }
  std::vector<LearnedRows*> tables() override {
    auto tables = input_tables();
    tables.insert(tables.end(), {&targets_.outputs(), &layer_.weights(), &layer_.bias()});
    return tables;
  }
  const LearnedRows* outputs() const noexcept override { return &targets_.outputs(); }

 private:
  DenseRows layer_;
  NegativeTargets targets_;
};

}  // namespace

std::unique_ptr<Composer> make_nnlm(const ComposerSetup& setup) { return std::make_unique<Nnlm>(setup); }

}  // namespace quiver::learn
