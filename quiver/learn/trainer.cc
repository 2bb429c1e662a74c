#include "quiver/learn/trainer.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>

#include "quiver/learn/checkpoint.h"
#include "quiver/learn/guard.h"

namespace quiver::learn {
namespace {
using Clock = std::chrono::steady_clock;
// Of a value that is not finite; the sign of a NaN says nothing.
std::string_view spelled(double value) { return std::isnan(value) ? "NaN" : "infinite"; }
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

class Training {
 public:
  Training(std::span<const Turn> turns, const TrainOptions& options, Run& run)
      : turns_(turns), options_(options), run_(run) {
    for (const Turn& turn : turns_) {
      for (std::size_t i = 0; i < turn.optimizers.size(); ++i)
        turn.optimizers[i]->collect_state(fmt::format("{}/{}", turn.name, i), state_);
    }
    for (const auto& [name, tensor] : options_.kept) state_.emplace("kept/" + name, tensor);
    for (const auto& [name, tensor] : state_) trained_.emplace(name, tensor);
    if (!options_.validate) return;
    for (const auto& [name, tensor] : trained_) state_["best/" + name] = tensor.detach().clone();
    state_["best.score"] = score_;
    state_["best.steps"] = best_steps_;
  }

  Result<TrainLog> go() {
    const auto begin = Clock::now();
    auto saved = begin;
    const std::uint64_t steps = options_.schedule.steps;
    resume();
    auto stage = run_.stage(options_.stage, steps - log_.resumed_at);
    std::uint64_t taken = log_.resumed_at;
    for (std::uint64_t step = log_.resumed_at; step < steps && !stands_still(step); ++step) {
      if (run_.stop()) return interrupted(step);
      double loss = 0;
      for (const Turn& turn : turns_) QUIVER_TRY(take(turn, step, loss));
      note(step, loss);
      taken = step + 1;
      if (options_.validate && (taken % options_.validate_every == 0 || taken == steps)) QUIVER_TRY(compare(taken));
      stage.advance();
      if (step % 10 == 9) stage.note(fmt::format("loss {:.3f}", running_));
      if (has_checkpoint() && seconds_since(saved) >= options_.checkpoint_seconds) {
        QUIVER_TRY(save(step + 1));
        saved = Clock::now();
      }
    }
    if (has_checkpoint()) QUIVER_TRY(save(taken));
    if (options_.validate) restore_best();
    log_.steps = taken;
    log_.seconds = seconds_since(begin);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) log_.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    return std::move(log_);
  }

 private:
  bool has_checkpoint() const { return !options_.checkpoint.empty(); }
  Result<void> save(std::uint64_t step) {
    return save_checkpoint(options_.checkpoint, {.step = step, .fingerprint = options_.fingerprint}, state_);
  }

  // Early stopping. What stood best is part of the state, so that a resumed training ends with it too.
  bool stands_still(std::uint64_t step) const {
    if (!options_.validate || options_.patience == 0) return false;
    const std::uint64_t evaluations = (step - std::min(step, best_step())) / options_.validate_every;
    return best_step() > 0 && evaluations >= options_.patience;
  }
  std::uint64_t best_step() const { return static_cast<std::uint64_t>(best_steps_.item<std::int64_t>()); }
  Result<void> compare(std::uint64_t taken) {
    QUIVER_TRY(const double score, options_.validate());
    if (!std::isfinite(score)) {
      return Error::failed_precondition(
          fmt::format("{}: the validation score after step {} is {}; check what it is computed from", options_.stage,
                      taken, spelled(score)));
    }
    if (best_step() > 0 && score <= score_.item<double>()) return {};
    const torch::NoGradGuard off;
    for (const auto& [name, tensor] : trained_) state_.at("best/" + name).copy_(tensor);
    score_.fill_(score);
    best_steps_.fill_(static_cast<std::int64_t>(taken));
    return {};
  }
  void restore_best() {
    if (best_step() == 0) return;
    const torch::NoGradGuard off;
    for (auto& [name, tensor] : trained_) tensor.copy_(state_.at("best/" + name));
    log_.best = TrainLog::Best{best_step(), score_.item<double>()};
  }

  void resume() {
    if (!has_checkpoint()) return;
    auto head = load_checkpoint(options_.checkpoint, options_.fingerprint, state_);
    if (head.has_value()) {
      log_.resumed_at = std::min(head->step, options_.schedule.steps);
      run_.log(
          fmt::format("{}: going on after step {} of {}", options_.stage, log_.resumed_at, options_.schedule.steps));
    } else if (head.error().code() != Code::NotFound) {
      log_.started_over = head.error().message();
      run_.log(fmt::format("{}: starting over, because {}", options_.stage, log_.started_over));
    }
  }

  Error interrupted(std::uint64_t step) {
    Error stopped = run_.stopped(fmt::format("{} after step {} of {}", options_.stage, step, options_.schedule.steps));
    if (!has_checkpoint()) return stopped;
    if (auto saved = save(step); !saved.has_value())
      return {stopped.code(), fmt::format("{}; and {}", stopped.message(), saved.error().message())};
    return {stopped.code(), fmt::format("{} from {}", stopped.message(), options_.checkpoint.string())};
  }

  Result<void> take(const Turn& turn, std::uint64_t step, double& sum) {
    for (Optimizer* optimizer : turn.optimizers) optimizer->clear_gradients();
    double value = 0;
    for (std::uint64_t part = 0; part < turn.parts; ++part) {
      QUIVER_TRY(const Tensor loss, turn.loss(step * turn.parts + part));
      value += loss.item<double>() / static_cast<double>(turn.parts);
      if (!std::isfinite(value)) return not_finite(turn, step, fmt::format("the loss is {}", spelled(value)));
      (turn.parts > 1 ? loss / static_cast<double>(turn.parts) : loss).backward();
    }
    double square = 0;
    for (Optimizer* optimizer : turn.optimizers) square += optimizer->gradient_square();
    const double norm = std::sqrt(square);
    if (!std::isfinite(norm)) return not_finite(turn, step, fmt::format("the gradient's norm is {}", spelled(norm)));
    if (options_.clip > 0 && norm > options_.clip) {
      for (Optimizer* optimizer : turn.optimizers) optimizer->scale_gradients(options_.clip / norm);
    }
    for (Optimizer* optimizer : turn.optimizers) optimizer->step(options_.schedule.factor(step));
    last_norm_ = norm;
    sum += value;
    return {};
  }

  Error not_finite(const Turn& turn, std::uint64_t step, const std::string& what) const {
    std::string cause;
    for (const auto& [name, tensor] : state_) {
      if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>()) {
        cause = fmt::format("tensor '{}' already holds values that are not finite: the rate is likely too high", name);
        break;
      }
    }
    if (cause.empty() && step == log_.resumed_at) cause = "it was so at the first step: look for NaN in the data";
    if (cause.empty()) {
      cause = fmt::format("the parameters are finite and the last gradient's norm was {:.3g}: lower the rate{}",
                          last_norm_, options_.clip > 0 ? "" : " or clip the gradients");
    }
    const std::string kept =
        has_checkpoint() ? fmt::format("; the last checkpoint stays at {}", options_.checkpoint.string()) : "";
    return Error::failed_precondition(
        fmt::format("{}: {} at step {} in turn '{}'; {}{}", options_.stage, what, step, turn.name, cause, kept));
  }

  void note(std::uint64_t step, double loss) {
    running_ = step == log_.resumed_at ? loss : 0.95 * running_ + 0.05 * loss;
    const std::uint64_t every = std::max<std::uint64_t>(1, options_.schedule.steps / 100);
    if ((step + 1) % every == 0) log_.curve.push_back({step + 1, running_});
  }

  std::span<const Turn> turns_;
  const TrainOptions& options_;
  Run& run_;
  Tensors state_, trained_;  // trained_: without what stood best
  Tensor score_ = torch::zeros({}, torch::kFloat64), best_steps_ = torch::zeros({}, torch::kInt64);
  TrainLog log_;
  double running_ = 0, last_norm_ = 0;
};
}  // namespace

Result<TrainLog> train(std::span<const Turn> turns, const TrainOptions& options, Run& run) {
  return guarded(options.stage, [&] {
    const TorchThreads threads(run.threads().count());
    return Training(turns, options, run).go();
  });
}

}  // namespace quiver::learn
