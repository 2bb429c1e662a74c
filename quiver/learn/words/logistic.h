// Logistic: 1 / (1 + e^-x) from a table, for trainers that need it several times a word.
//
//   const Logistic logistic;
//   logistic(0.3F);                                      // 0.574..., within 1/1024
//
// Beyond 8 it is as good as 0 or 1, and NaN counts as 1, so that a training that blew up ends instead of crashing.
// Thread-safety: immutable. Cost: one read of 16 KiB that stays in the cache.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>

namespace quiver::learn {

class Logistic {
 public:
  Logistic() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const float x = (static_cast<float>(i) + 0.5F) / kPerUnit - kReach;
      values_[i] = 1 / (1 + std::exp(-x));
    }
  }
  float operator()(float x) const noexcept {
    if (!(x < kReach)) return 1;
    if (x <= -kReach) return 0;
    return values_[static_cast<std::size_t>((x + kReach) * kPerUnit)];
  }

 private:
  static constexpr float kReach = 8, kPerUnit = 256;
  std::array<float, 4096> values_{};
};

// -log of it: what a wrong answer by this margin costs. Exact, for measuring.
inline double logistic_loss(double margin) noexcept {
  return margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
}

}  // namespace quiver::learn
