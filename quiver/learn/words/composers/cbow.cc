// CBOW with negative sampling (Mikolov, Chen, Corrado, Dean, "Efficient estimation of word representations in vector
// space", 2013): the context is the mean of its words' vectors,
//
//   c = 1/n sum_v x_v,      loss = -log s(<c, o_w>) - sum over draws r: log s(-<c, o_r>)
//
// Each of the n words is moved by the whole gradient of c, as word2vec's code does, not by its n-th part.
#include <algorithm>

#include "quiver/learn/words/composers/composer.h"
#include "quiver/learn/words/negative_targets.h"

namespace quiver::learn {
namespace {

class Cbow final : public Composer {
 public:
  explicit Cbow(const ComposerSetup& s) : Composer(s, 3, s.dim), targets_(s.words, s.dim, s.negatives, s.descent) {}

  double visit(const Position& position, Worker& worker) noexcept override {
    const std::size_t dim = inputs_.dim();
    float* mean = worker.room.row(0).data();
    float* pull = worker.room.row(1).data();
    float* room = worker.room.row(2).data();
    std::fill_n(mean, dim, 0.0F);
    const simd::Kernels& k = simd::kernels();
    const float part = 1 / static_cast<float>(position.around.size());
    for (const Around& each : position.around) k.add_scaled(mean, inputs_.vector(each.word, room), part, dim);
    if (!worker.learning) return targets_.loss(position.word, mean, worker.random);
    std::fill_n(pull, dim, 0.0F);
    targets_.step(position.word, mean, pull, worker.rate, worker.random);
    for (const Around& each : position.around) inputs_.move(each.word, pull, worker.rate);
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

std::unique_ptr<Composer> make_cbow(const ComposerSetup& setup) { return std::make_unique<Cbow>(setup); }

}  // namespace quiver::learn
