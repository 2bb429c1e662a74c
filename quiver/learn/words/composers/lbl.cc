// LBL, the log-bilinear model (Mnih, Hinton, "Three new graphical models for statistical language modelling", ICML
// 2007), told from drawn words in place of a softmax:
//
//   c = sum over places j: H_j x_j,    loss = -log s(<c, o_w>) - sum over draws r: log s(-<c, o_r>)
//
// The H_j side by side are one matrix (dim, 2 n dim) over the window's concatenation.
#include <algorithm>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/composers/dense_rows.h"
#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {

class Lbl final : public Composer {
 public:
  explicit Lbl(const ComposerSetup& s)
      : Composer(s, 4, 2 * s.window * s.dim),
        places_matrices_(s.dim, 2 * s.window * s.dim, false, s.descent, s.seed, stream_of("lbl places")),
        targets_(s.words, s.dim, s.negatives, s.descent) {}

  double visit(const Position& position, Worker& worker) noexcept override {
    float* laid = worker.room.row(0).data();       // (places, dim)
    float* laid_pull = worker.room.row(1).data();  // (places, dim)
    float* context = worker.room.row(2).data();    // (dim)
    float* pull = worker.room.row(3).data();       // (dim)
    lay_out(position, worker, laid);
    places_matrices_.forward(laid, context);
    if (!worker.learning) return targets_.loss(position.word, context, worker.random);
    std::fill_n(pull, targets_.wide(), 0.0F);
    targets_.step(position.word, context, pull, worker.rate, worker.random);
    std::fill_n(laid_pull, places_matrices_.wide(), 0.0F);
    places_matrices_.backward(laid, pull, laid_pull, worker.rate);
    move_back(worker, laid_pull);
    return 0;
  }
  std::vector<LearnedRows*> tables() override {
    auto tables = input_tables();
    tables.insert(tables.end(), {&targets_.outputs(), &places_matrices_.weights()});
    return tables;
  }
  const LearnedRows* outputs() const noexcept override { return &targets_.outputs(); }

 private:
  DenseRows places_matrices_;
  NegativeTargets targets_;
};

}  // namespace

std::unique_ptr<Composer> make_lbl(const ComposerSetup& setup) { return std::make_unique<Lbl>(setup); }

}  // namespace quiver::learn
