#include "quiver/learn/schedule_free.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/learn/trainer.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kFreeSeed = 41;

TEST(ScheduleFreeTest, FollowsItsFormula) {
  const double beta1 = 0.9, beta2 = 0.99, rate = 0.1, decay = 0.05, epsilon = 1e-8;
  const Tensor parameter = torch::tensor({2.0F}).requires_grad_(), unused = torch::ones({2}).requires_grad_();
  ScheduleFreeAdamW optimizer({parameter, unused},
                              {.rate = rate, .beta1 = beta1, .beta2 = beta2, .weight_decay = decay});
  double x = 2, z = 2, v = 0, squares = 0;
  for (int t = 1; t <= 20; ++t) {
    const double y = (1 - beta1) * z + beta1 * x, factor = std::min(1.0, t / 5.0);
    EXPECT_NEAR(parameter.item<double>(), y, 1e-5) << "step " << t;
    optimizer.clear_gradients();
    (parameter - 0.5).square().sum().backward();
    EXPECT_NEAR(optimizer.gradient_square(), std::pow(2 * (y - 0.5), 2), 1e-3);
    optimizer.step(factor);
    const double g = 2 * (y - 0.5), r = rate * factor * std::sqrt(1 - std::pow(beta2, t));
    v = beta2 * v + (1 - beta2) * g * g;
    z -= r * (g / (std::sqrt(v) + epsilon) + decay * y);
    squares += r * r;
    x += r * r / squares * (z - x);
  }
  {
    const ScheduleFreeAdamW::AtAverage at(optimizer);
    EXPECT_NEAR(parameter.item<double>(), x, 1e-5);
  }
  EXPECT_NEAR(parameter.item<double>(), (1 - beta1) * z + beta1 * x, 1e-5);
  optimizer.finish();
  EXPECT_NEAR(parameter.item<double>(), x, 1e-5);
  EXPECT_TRUE(torch::equal(unused, torch::ones({2})));  // no gradient, no step
}

TEST(ScheduleFreeTest, ScalesAndClearsGradients) {
  const Tensor x = torch::tensor({3.0F, 4.0F}).requires_grad_();
  ScheduleFreeAdamW optimizer({x}, {});
  x.square().sum().backward();
  EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 100);
  optimizer.scale_gradients(0.5);
  EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 25);
  optimizer.clear_gradients();
  EXPECT_DOUBLE_EQ(optimizer.gradient_square(), 0);
}

// Least squares with noise in every batch: y = a x + noise. With a rate that never falls Adam keeps jumping about the
// answer; the average settles on it.
struct NoisyLine {
  Tensor slopes = torch::zeros({8}).requires_grad_();
  Tensor wanted = torch::arange(8, torch::kFloat32) / 4 - 1;
  Tensor loss(std::uint64_t step) const {
    Random random(kFreeSeed, step);
    Tensor inputs = torch::empty({16, 8}), noise = torch::empty({16});
    for (float& value : values_of(inputs)) value = random.normal();
    for (float& value : values_of(noise)) value = random.normal();
    return (torch::mv(inputs, slopes - wanted) - noise).square().mean();
  }
  double error() const { return (slopes - wanted).norm().item<double>(); }
};

TEST(ScheduleFreeTest, SettlesWithoutAFallingRateWhereAdamDoesNot) {
  NoisyLine free, adam;
  ScheduleFreeAdamW average({free.slopes}, {.rate = 0.05});
  Adam jumping({adam.slopes}, {.rate = 0.05});
  const TrainOptions options{.schedule = {.steps = 1500, .warmup = 20, .floor = 1}};
  quiver::Run run({.threads = 1});
  const std::vector<std::pair<NoisyLine*, Optimizer*>> both{{&free, &average}, {&adam, &jumping}};
  for (const auto& pair : both) {
    const NoisyLine& line = *pair.first;
    const Turn turn{.name = "line", .optimizers = {pair.second}, .loss = [&](std::uint64_t step) -> Result<Tensor> {
                      return line.loss(step);
                    }};
    const auto log = train({&turn, 1}, options, run);
    ASSERT_TRUE(log.has_value()) << log.error().message();
  }
  average.finish();
  EXPECT_LT(free.error(), 0.05) << "seed " << kFreeSeed;
  EXPECT_GT(adam.error(), 2 * free.error()) << "seed " << kFreeSeed;
}

TEST(ScheduleFreeTest, AResumedTrainingIsTheSameTraining) {
  const TemporaryFolder folder;
  const TrainOptions options{
      .schedule = {.steps = 40, .warmup = 5, .floor = 1}, .checkpoint = folder.path() / "c.qvc", .fingerprint = "free"};
  const auto trained = [&](const TrainOptions& with, std::uint64_t stop_at) {
    NoisyLine line;
    ScheduleFreeAdamW optimizer({line.slopes}, {.rate = 0.05});
    quiver::Run run({.threads = 1});
    const Turn turn{.name = "line", .optimizers = {&optimizer}, .loss = [&](std::uint64_t step) -> Result<Tensor> {
                      if (step == stop_at) run.cancel();
                      return line.loss(step);
                    }};
    EXPECT_EQ(train({&turn, 1}, with, run).has_value(), stop_at >= 40);
    optimizer.finish();
    return line.slopes.detach().clone();
  };
  const Tensor whole = trained({.schedule = options.schedule}, 40);
  trained(options, 17);
  EXPECT_TRUE(torch::equal(trained(options, 40), whole));  // to the last bit
}

}  // namespace
}  // namespace quiver::learn
