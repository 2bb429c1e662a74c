// Schedule: how large a step is, as a factor of the learning rate: a linear rise, then half a cosine down to a floor.
//
//   factor(step) = (step + 1) / warmup                                        step < warmup
//                = floor + (1 - floor) * (1 + cos(pi * progress)) / 2         progress = (step - warmup) / (steps -
//                warmup)
//
//   Schedule schedule{.steps = 1500, .warmup = 50};
//   optimizer.step(schedule.factor(step));
//
// SGDR without restarts (Loshchilov & Hutter 2017, arXiv:1608.03983). A pure function of the step: nothing to save.
#pragma once
#include <cstdint>

namespace quiver::learn {

struct Schedule {
  std::uint64_t steps = 1000, warmup = 50;
  double floor = 0.05;
  // In (0, 1] for floor > 0; steps beyond the last stay at the floor.
  double factor(std::uint64_t step) const noexcept;
};

}  // namespace quiver::learn
