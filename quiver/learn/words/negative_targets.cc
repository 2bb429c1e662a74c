#include "quiver/learn/words/negative_targets.h"

#include "quiver/core/check.h"

namespace quiver::learn {

NegativeTargets::NegativeTargets(const NegativeSampler& negatives, std::size_t wide, std::size_t count, Descent descent)
    : negatives_(negatives), count_(count), outputs_(negatives.size(), wide, descent) {
  QUIVER_CHECK(count <= kMost);
}

void NegativeTargets::draw(std::uint32_t word, const float* context, Random& random, Drawn& drawn) const noexcept {
  drawn.words[0] = word;
  drawn.count = 1;
  for (std::size_t n = 0; n < count_; ++n) {
    const std::uint32_t other = negatives_.draw(random);
    drawn.words[drawn.count] = other;
    drawn.count += other != word ? 1 : 0;
  }
  outputs_.products(context, drawn.words.data(), drawn.count, drawn.products.data());
}

void NegativeTargets::step(std::uint32_t word, const float* context, float* pull, float rate, Random& random) noexcept {
  Drawn drawn;
  draw(word, context, random, drawn);
  for (std::size_t t = 0; t < drawn.count; ++t) {
    const float error = (t == 0 ? 1.0F : 0.0F) - logistic_(drawn.products[t]);
    outputs_.exchange(drawn.words[t], context, pull, error, rate);
  }
}

double NegativeTargets::loss(std::uint32_t word, const float* context, Random& random) const noexcept {
  Drawn drawn;
  draw(word, context, random, drawn);
  double sum = 0;
  for (std::size_t t = 0; t < drawn.count; ++t) {
    const auto product = static_cast<double>(drawn.products[t]);
    sum += logistic_loss(t == 0 ? product : -product);
  }
  return sum;
}

}  // namespace quiver::learn
