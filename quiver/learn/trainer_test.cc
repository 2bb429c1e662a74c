#include "quiver/learn/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/learn/checkpoint.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;

// y = w x with a Table of one row and a dense offset: everything a training has, in two numbers.
struct Line {
  Table slope{"slope", torch::zeros({1, 1})};
  Tensor offset = torch::zeros({1}).requires_grad_();
  RowAdagrad rows{{&slope}, {.rate = 0.5, .initial = 1e-3}};
  Adam dense{{offset}, {.rate = 0.05}};
  std::uint64_t losses = 0;

  Tensor loss(std::uint64_t step) {
    ++losses;
    const auto x = static_cast<float>(step % 5) - 2;
    const Tensor w = slope.value().clone().requires_grad_();
    w.register_hook([this](const Tensor& g) { slope.accumulate({{0}, g}); });
    return (w.reshape({1}) * x + offset - (3 * x + 1)).square().sum();
  }
  Turn turn() {
    return {.name = "line", .optimizers = {&rows, &dense}, .loss = [this](std::uint64_t step) -> Result<Tensor> {
              return loss(step);
            }};
  }
  std::pair<float, float> learnt() const { return {slope.value().item<float>(), offset.item<float>()}; }
};

TEST(TrainerTest, Learns) {
  Line line;
  quiver::Run run({.threads = 1});
  const std::vector<Turn> turns{line.turn()};
  const auto log = train(turns, {.schedule = {.steps = 400, .warmup = 10}}, run);
  ASSERT_TRUE(log.has_value()) << log.error().message();
  EXPECT_EQ(log->steps, 400U);
  EXPECT_NEAR(line.learnt().first, 3, 0.05);
  EXPECT_NEAR(line.learnt().second, 1, 0.05);
  ASSERT_EQ(log->curve.size(), 100U);
  EXPECT_LT(log->curve.back().loss, log->curve.front().loss / 100);
  EXPECT_EQ(run.stage_times().back().done, 400U);
}

TEST(TrainerTest, AResumedTrainingIsTheSameTraining) {
  const TemporaryFolder folder;
  const TrainOptions options{
      .schedule = {.steps = 60, .warmup = 5}, .checkpoint = folder.path() / "c.qvc", .fingerprint = "line"};
  Line whole;
  quiver::Run quiet({.threads = 1});
  ASSERT_TRUE(train(std::vector<Turn>{whole.turn()}, {.schedule = options.schedule}, quiet).has_value());

  Line first;
  quiver::Run cancelled({.threads = 1});
  Turn stops = first.turn();
  stops.loss = [&](std::uint64_t step) -> Result<Tensor> {
    if (step == 22) cancelled.cancel();
    return first.loss(step);
  };
  const auto stopped = train(std::vector<Turn>{stops}, options, cancelled);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code(), Code::Cancelled);
  EXPECT_THAT(stopped.error().message(), HasSubstr("learn after step 23 of 60"));
  EXPECT_THAT(stopped.error().message(), HasSubstr("go on from " + options.checkpoint.string()));

  Line second;
  quiver::Run again({.threads = 1});
  const auto log = train(std::vector<Turn>{second.turn()}, options, again);
  ASSERT_TRUE(log.has_value()) << log.error().message();
  EXPECT_EQ(log->resumed_at, 23U);
  EXPECT_EQ(second.losses, 37U);
  EXPECT_EQ(second.learnt(), whole.learnt());  // to the last bit
}

TEST(TrainerTest, PartsOfAStepAddUpToOneBatch) {
  // Five points one by one, as the mean of their losses, must move the line as all five at once do.
  const auto trained = [](std::uint64_t parts) {
    Line line;
    quiver::Run run({.threads = 1});
    Turn turn = line.turn();
    turn.parts = parts;
    if (parts == 1) {
      turn.loss = [&](std::uint64_t step) -> Result<Tensor> {
        Tensor sum = line.loss(5 * step);
        for (std::uint64_t i = 1; i < 5; ++i) sum = sum + line.loss(5 * step + i);
        return sum / 5;
      };
    }
    EXPECT_TRUE(train(std::vector<Turn>{turn}, {.schedule = {.steps = 20, .warmup = 5}}, run).has_value());
    EXPECT_EQ(line.losses, 100U);
    return line.learnt();
  };
  const auto together = trained(1), apart = trained(5);
  EXPECT_NEAR(together.first, apart.first, 1e-5);
  EXPECT_NEAR(together.second, apart.second, 1e-5);
}

TEST(TrainerTest, EndsWithTheBestParametersAndStopsWhenNothingImproves) {
  for (const bool interrupted : {false, true}) {
    const TemporaryFolder folder;
    auto line = std::make_unique<Line>();  // turns point into it
    std::vector<std::pair<float, float>> seen;
    TrainOptions options{.schedule = {.steps = 1000, .warmup = 5},
                         .checkpoint = folder.path() / "c.qvc",
                         .fingerprint = "line",
                         .validate_every = 10,
                         .patience = 3};
    quiver::Run first({.threads = 1});
    const auto validate = [&](quiver::Run& run) {
      return [&]() -> Result<double> {
        seen.push_back(line->learnt());
        if (interrupted && seen.size() == 6) run.cancel();
        return seen.size() <= 4 ? static_cast<double>(seen.size()) : 0.0;  // best after 40 steps
      };
    };
    options.validate = validate(first);
    auto log = train(std::vector<Turn>{line->turn()}, options, first);
    if (interrupted) {
      ASSERT_EQ(log.error().code(), Code::Cancelled);
      line = std::make_unique<Line>();
      quiver::Run again({.threads = 1});
      options.validate = validate(again);
      log = train(std::vector<Turn>{line->turn()}, options, again);
    }
    ASSERT_TRUE(log.has_value()) << log.error().message();
    EXPECT_EQ(log->steps, 70U) << "three evaluations after the best";
    ASSERT_TRUE(log->best.has_value());
    EXPECT_EQ(log->best->step, 40U);
    EXPECT_EQ(log->best->score, 4.0);
    EXPECT_EQ(line->learnt(), seen[3]);
    EXPECT_GT(log->peak_bytes, 1'000'000U);
  }
}

TEST(TrainerTest, AValidationScoreThatIsNoNumberStopsIt) {
  Line line;
  quiver::Run run({.threads = 1});
  const auto log = train(std::vector<Turn>{line.turn()},
                         {.schedule = {.steps = 20, .warmup = 5},
                          .validate = []() -> Result<double> { return std::numeric_limits<double>::quiet_NaN(); },
                          .validate_every = 10},
                         run);
  ASSERT_FALSE(log.has_value());
  EXPECT_THAT(log.error().message(), HasSubstr("the validation score after step 10 is NaN"));
}

TEST(TrainerTest, StartsOverAndSaysWhy) {
  const TemporaryFolder folder;
  TrainOptions options{.schedule = {.steps = 3}, .checkpoint = folder.path() / "c.qvc", .fingerprint = "one"};
  quiver::Run run({.threads = 1});
  Line line;
  ASSERT_TRUE(train(std::vector<Turn>{line.turn()}, options, run).has_value());
  options.fingerprint = "two";
  Line other;
  const auto log = train(std::vector<Turn>{other.turn()}, options, run);
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->resumed_at, 0U);
  EXPECT_EQ(other.losses, 3U);
  EXPECT_THAT(log->started_over, HasSubstr("its data, options, seed or version differ"));
}

TEST(TrainerTest, WritesCheckpointsOnTheWay) {
  const TemporaryFolder folder;
  const TrainOptions options{
      .schedule = {.steps = 4}, .checkpoint = folder.path() / "c.qvc", .fingerprint = "f", .checkpoint_seconds = 0};
  quiver::Run run({.threads = 1});
  Line line;
  Turn turn = line.turn();
  std::vector<bool> there;
  turn.loss = [&](std::uint64_t step) -> Result<Tensor> {
    there.push_back(std::filesystem::exists(options.checkpoint));
    return line.loss(step);
  };
  ASSERT_TRUE(train(std::vector<Turn>{turn}, options, run).has_value());
  EXPECT_EQ(there, (std::vector<bool>{false, true, true, true}));
}

TEST(TrainerTest, StopsAtALossThatIsNoNumber) {
  const TemporaryFolder folder;
  const TrainOptions options{
      .schedule = {.steps = 9}, .checkpoint = folder.path() / "c.qvc", .fingerprint = "f", .checkpoint_seconds = 0};
  quiver::Run run({.threads = 1});
  const auto failing_at = [&](Line& line, std::uint64_t bad) {
    Turn turn = line.turn();
    turn.loss = [&line, bad](std::uint64_t step) -> Result<Tensor> {
      const Tensor loss = line.loss(step);
      return step == bad ? loss * std::numeric_limits<float>::quiet_NaN() : loss;
    };
    return turn;
  };
  Line line;
  const auto later = train(std::vector<Turn>{failing_at(line, 4)}, options, run);
  ASSERT_FALSE(later.has_value());
  EXPECT_EQ(later.error().code(), Code::FailedPrecondition);
  EXPECT_THAT(later.error().message(),
              HasSubstr("the loss is NaN at step 4 in turn 'line'; the parameters are finite"));
  EXPECT_THAT(later.error().message(), HasSubstr("or clip the gradients; the last checkpoint stays at"));
  Tensors state;
  Line kept;
  kept.rows.collect_state("line/0", state);
  kept.dense.collect_state("line/1", state);
  EXPECT_EQ(load_checkpoint(options.checkpoint, "f", state)->step, 4U);  // the last good one

  Line fresh;
  const auto first = train(std::vector<Turn>{failing_at(fresh, 0)}, {.schedule = {.steps = 9}}, run);
  EXPECT_THAT(first.error().message(), HasSubstr("at the first step: look for NaN in the data"));
  EXPECT_EQ(fresh.learnt(), (std::pair<float, float>{0, 0}));  // no step was taken
}

TEST(TrainerTest, NamesAParameterThatIsNoNumber) {
  Line line;
  line.slope.value().fill_(std::numeric_limits<float>::infinity());
  quiver::Run run({.threads = 1});
  const auto failed = train(std::vector<Turn>{line.turn()}, {.schedule = {.steps = 2}}, run);
  EXPECT_THAT(failed.error().message(), HasSubstr("tensor 'line/0/slope' already holds values that are not finite"));
}

TEST(TrainerTest, StopsAtAGradientThatIsNoNumber) {
  Line line;
  Turn turn = line.turn();
  turn.loss = [&](std::uint64_t) -> Result<Tensor> { return (line.offset * 0).sqrt().sum(); };  // derivative 0 * inf
  quiver::Run run({.threads = 1});
  EXPECT_THAT(train(std::vector<Turn>{turn}, {.schedule = {.steps = 2}}, run).error().message(),
              HasSubstr("the gradient's norm is NaN"));
}

TEST(TrainerTest, ClipsTheNormOfATurn) {
  const Tensor x = torch::zeros({2}).requires_grad_();
  struct Plain final : Optimizer {  // x <- x - g
    explicit Plain(Tensor of) : x(std::move(of)), adam({x}, {}) {}
    void clear_gradients() override { adam.clear_gradients(); }
    double gradient_square() override { return adam.gradient_square(); }
    void scale_gradients(double factor) override { adam.scale_gradients(factor); }
    void step(double) override {
      const torch::NoGradGuard no_grad;
      x.sub_(x.grad());
    }
    void collect_state(const std::string& prefix, Tensors& state) override { state[prefix] = x; }
    Tensor x;
    Adam adam;
  } optimizer(x);
  quiver::Run run({.threads = 1});
  const Turn turn{.name = "t", .optimizers = {&optimizer}, .loss = [&](std::uint64_t) -> Result<Tensor> {
                    return (x * torch::tensor({30.0F, 40.0F})).sum();
                  }};
  ASSERT_TRUE(train(std::vector<Turn>{turn}, {.schedule = {.steps = 1}, .clip = 5}, run).has_value());
  EXPECT_TRUE(torch::allclose(x, torch::tensor({-3.0F, -4.0F})));
}

TEST(TrainerTest, TurnsAlternateAndTheirErrorsPassThrough) {
  Line a, b;
  std::string order;
  Turn one = a.turn(), two = b.turn();
  one.loss = [&](std::uint64_t step) -> Result<Tensor> {
    order.push_back('a');
    return a.loss(step);
  };
  two.loss = [&](std::uint64_t step) -> Result<Tensor> {
    order.push_back('b');
    if (step == 1) return Error::invalid_argument("no more data");
    return b.loss(step);
  };
  two.name = "other";
  quiver::Run run({.threads = 1});
  const auto failed = train(std::vector<Turn>{one, two}, {.schedule = {.steps = 5}}, run);
  EXPECT_EQ(order, "abab");
  EXPECT_EQ(failed.error().message(), "no more data");
}

}  // namespace
}  // namespace quiver::learn
