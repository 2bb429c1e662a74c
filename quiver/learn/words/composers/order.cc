// Order (Lai, Liu, He, Zhao, 2016): the window's vectors one behind the other, without a hidden layer,
//
//   c = [x_1; ...; x_2n],   loss = -log s(<c, o_w>) - sum over draws r: log s(-<c, o_r>)
//
// so that output vectors have 2 n dim numbers and know on which side, and how far, a word stands.
#include <algorithm>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {

class Order final : public Composer {
 public:
  explicit Order(const ComposerSetup& s)
      : Composer(s, 2, 2 * s.window * s.dim), targets_(s.words, 2 * s.window * s.dim, s.negatives, s.descent) {}

  double visit(const Position& position, Worker& worker) noexcept override {
    float* context = worker.room.row(0).data();  // (places, dim)
    float* pull = worker.room.row(1).data();
    lay_out(position, worker, context);
    if (!worker.learning) return targets_.loss(position.word, context, worker.random);
    std::fill_n(pull, targets_.wide(), 0.0F);
    targets_.step(position.word, context, pull, worker.rate, worker.random);
    move_back(worker, pull);
    return 0;
  }
  std::vector<LearnedRows*> tables() override {
    auto tables = input_tables();
    tables.push_back(&targets_.outputs());
    return tables;
  }
  const LearnedRows* outputs() const noexcept override { return &targets_.outputs(); }

 private:
  NegativeTargets targets_;
};

}  // namespace

std::unique_ptr<Composer> make_order(const ComposerSetup& setup) { return std::make_unique<Order>(setup); }

}  // namespace quiver::learn
