// TaskSampler: which task a step trains, where several share a model: one task a step ("homogeneous batches"), so that
// in-batch negatives come from the same task and a shortcut between tasks teaches nothing.
//
//   QUIVER_TRY(const TaskSampler tasks, TaskSampler::create({{"posts", 2}, {"captions", 1}}, {.seed = run.seed()}));
//   const TaskSampler::Turn turn = tasks.at(step);          // turn.task 0: posts
//   pairs[turn.task].draw(turn.number, rows);               // PairSampler: the turn.number-th batch of that task
//
// Steps go by cycles. In a cycle each task has its part of the steps, by weight and largest remainder, in an order
// drawn for that cycle, so that weights hold exactly and not only in the mean. `number` counts the steps of a task, so
// that its own epochs are whole. A pure function of (seed, step): a resumed training is the same training.
// Invariants: at(step).number rises by one from one step of a task to its next. Thread-safety: const, share freely.
// Cost: a walk through half a cycle.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::learn {

struct TaskShare {
  std::string name;
  double weight = 1;  // above 0
};

struct TaskSamplerOptions {
  std::uint64_t seed = 1;
  std::uint32_t cycle = 60;  // steps
};

class TaskSampler {
 public:
  // Errors: no tasks, a weight that is not above 0, a task whose part of a cycle rounds to no step.
  static Result<TaskSampler> create(std::span<const TaskShare> tasks, const TaskSamplerOptions& options);

  struct Turn {
    std::uint32_t task = 0;
    std::uint64_t number = 0;  // steps of this task before
  };
  Turn at(std::uint64_t step) const;
  std::uint32_t steps_of(std::uint32_t task) const { return counts_[task]; }  // in a cycle

 private:
  TaskSampler() = default;
  std::vector<std::uint32_t> counts_;  // by task
  std::vector<std::uint32_t> slots_;   // task of each step of an unshuffled cycle
  std::uint64_t key_ = 0;
};

}  // namespace quiver::learn
