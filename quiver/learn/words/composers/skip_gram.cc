// Skip-gram with negative sampling (Mikolov, Sutskever, Chen, Corrado, Dean, NIPS 2013):
//
//   loss = sum over context words v: -log s(<x_v, o_w>) - sum over draws r: log s(-<x_v, o_r>)
//
// so that each context word is a context by itself, with draws of its own. Measured, it is the mean over context words.
#include <algorithm>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {

class SkipGram final : public Composer {
 public:
  explicit SkipGram(const ComposerSetup& s) : Composer(s, 2, s.dim), targets_(s.words, s.dim, s.negatives, s.descent) {}

  double visit(const Position& position, Worker& worker) noexcept override {
    float* room = worker.room.row(0).data();
    float* pull = worker.room.row(1).data();
    double loss = 0;
    for (const Around& each : position.around) {
      const float* vector = inputs_.vector(each.word, room);
      if (!worker.learning) {
        loss += targets_.loss(position.word, vector, worker.random);
        continue;
      }
      std::fill_n(pull, inputs_.dim(), 0.0F);
      targets_.step(position.word, vector, pull, worker.rate, worker.random);
      inputs_.move(each.word, pull, worker.rate);
    }
    return loss / static_cast<double>(position.around.size());
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

std::unique_ptr<Composer> make_skip_gram(const ComposerSetup& setup) { return std::make_unique<SkipGram>(setup); }

}  // namespace quiver::learn
