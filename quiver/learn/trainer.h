// train: runs the steps of a training. A step is a list of turns; each computes a loss on its part of the data and
// moves its parameters: an encoder has one turn, a GAN two, a searched width reads validation batches in a turn of its
// own.
//
//   Turn turn{.name = "pairs", .optimizers = {&rows, &dense}, .loss = [&](std::uint64_t step) { ... return loss; }};
//   QUIVER_TRY(TrainLog log, train({{turn}}, {.schedule = {.steps = 1500}, .checkpoint = path, .fingerprint = f},
//   run));
//
// Per turn and step: clear gradients, loss(step), backward, clip, step(schedule.factor(step)). `loss` draws its batch
// as a function of the step, so a resumed training is the same training, number for number on one thread. A turn of
// several parts adds up the gradients of as many smaller batches, loss(step * parts + part), and takes their mean: the
// batch is large where the loss is a mean over its rows (in-batch negatives want gradient_cache.h instead).
// With `validate`, the parameters that scored best are those one ends with, and training stops when the score has not
// risen for `patience` evaluations; the best ones travel in the checkpoint. Stops
//   run.stop()      the checkpoint is written, the Error is Cancelled and says how to go on
//   a loss or gradient that is NaN or infinite   before it reaches a parameter; the Error names step, turn and the
//   likely
//                   cause; the last checkpoint stays
// A checkpoint that does not fit (other data, options, damage) is not an error: training starts over and
// log.started_over says why. Thread-safety: one training at a time a Run. Cost: one synchronising read of the loss a
// turn.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/schedule.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct Turn {
  std::string name;
  std::vector<Optimizer*> optimizers;                      // borrowed
  std::function<Result<Tensor>(std::uint64_t step)> loss;  // a scalar with a graph behind it
  std::uint64_t parts = 1;                                 // batches a step
};

struct TrainOptions {
  Schedule schedule{};  // and how many steps
  double clip = 0;      // largest norm of a turn's gradients; 0: no clipping
  Tensors kept{};       // what steps change beside the optimizers, such as running statistics: checkpoints hold it
  std::filesystem::path checkpoint{};          // empty: none
  std::string fingerprint{};                   // what this training is; see checkpoint.h
  double checkpoint_seconds = 60;              // between two checkpoints
  std::string stage = "learn";                 // name of the progress line
  std::function<Result<double>()> validate{};  // larger is better; nothing: the last parameters stay
  std::uint64_t validate_every = 100;          // steps, and at the end
  std::uint64_t patience = 0;                  // evaluations without a rise before it stops; 0: all steps are taken
};

struct TrainLog {
  std::uint64_t resumed_at = 0, steps = 0;  // steps taken before this call, and in all
  std::string started_over;                 // why a checkpoint was not used; empty when there was none or it was
  double seconds = 0;
  std::uint64_t peak_bytes = 0;  // of the process, so far
  struct Best {
    std::uint64_t step = 0;  // steps that were taken then
    double score = 0;
  };
  std::optional<Best> best;  // if there was something to validate by
  struct Point {
    std::uint64_t step;
    double loss;  // running mean over about 20 steps, all turns added
  };
  std::vector<Point> curve;  // at most 100 points
};

Result<TrainLog> train(std::span<const Turn> turns, const TrainOptions& options, Run& run);

}  // namespace quiver::learn
