// ScheduleFreeAdamW: AdamW that needs no falling learning rate and no length of the training known beforehand (Defazio
// et al., "The road less scheduled", NeurIPS 2024, arXiv:2405.15682). It steps at one point, takes gradients at another
// and keeps the average of where it stepped, which is the answer:
//
//   y_t     = (1 - beta1) z_t + beta1 x_t                           where gradients g_t are taken
//   v_t     = beta2 v_(t-1) + (1 - beta2) g_t^2
//   z_(t+1) = z_t - r_t (g_t / (sqrt(v_t) + eps) + decay y_t)       r_t = rate factor_t sqrt(1 - beta2^t)
//   x_(t+1) = (1 - c) x_t + c z_(t+1)                               c = r_t^2 / sum of r_i^2 up to t
//
//   ScheduleFreeAdamW optimizer(encoder.parameters(), {.rate = 2e-3});
//   train(turns, {.schedule = {.steps = 5000, .warmup = 100, .floor = 1}}, run);     // floor 1: rise, then stay
//   { const ScheduleFreeAdamW::AtAverage at(optimizer); ... evaluate ... }           // parameters are x, then y again
//   optimizer.finish();                                                              // parameters are x for good
//
// While it trains the parameters hold y: never judge a model there. Checkpoints hold x, y, z and v, so that a resumed
// training is the same training. Thread-safety: one owner. Cost: four times the parameters in memory, Adam's time.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "quiver/learn/optimizer.h"

namespace quiver::learn {

struct ScheduleFreeOptions {
  double rate = 2.5e-3;  // larger than Adam's: the average takes the part of the falling rate
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

class ScheduleFreeAdamW final : public DenseOptimizer {
 public:
  ScheduleFreeAdamW(std::vector<Tensor> parameters, ScheduleFreeOptions options);  // Requires: 0 < beta1 < 1
  void step(double factor) override;                                               // Requires: not at the average
  void collect_state(const std::string& prefix, Tensors& state) override;

  // While it lives the parameters are the average x.
  class AtAverage {
   public:
    explicit AtAverage(ScheduleFreeAdamW& optimizer) : optimizer_(optimizer) { optimizer_.to_average(); }
    ~AtAverage() { optimizer_.to_training(); }
    AtAverage(const AtAverage&) = delete;
    AtAverage& operator=(const AtAverage&) = delete;

   private:
    ScheduleFreeAdamW& optimizer_;
  };
  void finish() { to_average(); }

 private:
  void to_average();
  void to_training();
  std::vector<Tensor> averages_, steps_, second_;  // x, z, v; parameters_ are y
  Tensor count_, squares_;                         // int64 and double scalars: steps taken, sum of r^2
  ScheduleFreeOptions options_;
  bool at_average_ = false;
};

}  // namespace quiver::learn
