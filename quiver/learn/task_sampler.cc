#include "quiver/learn/task_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/learn/sampler.h"

namespace quiver::learn {

Result<TaskSampler> TaskSampler::create(std::span<const TaskShare> tasks, const TaskSamplerOptions& options) {
  if (tasks.empty()) return Error::invalid_argument("sampling tasks: there are none");
  double total = 0;
  for (const TaskShare& task : tasks) {
    if (!(task.weight > 0) || !std::isfinite(task.weight)) {
      return Error::invalid_argument(
          fmt::format("sampling tasks: '{}' has weight {}; it must be above 0", task.name, task.weight));
    }
    total += task.weight;
  }
  TaskSampler out;
  out.key_ = mix(options.seed, stream_of("task sampler"));
  std::vector<double> rests;
  for (const TaskShare& task : tasks) {
    const double share = task.weight / total * options.cycle;
    out.counts_.push_back(static_cast<std::uint32_t>(share));
    rests.push_back(share - std::floor(share));
  }
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return rests[a] > rests[b]; });
  const std::uint32_t given = std::accumulate(out.counts_.begin(), out.counts_.end(), 0U);
  for (std::uint32_t i = 0; i < options.cycle - given; ++i) ++out.counts_[order[i]];
  for (std::uint32_t task = 0; task < tasks.size(); ++task) {
    if (out.counts_[task] == 0) {
      return Error::invalid_argument(fmt::format(
          "sampling tasks: '{}' has weight {} of {} together, less than one step of {}; raise it or lengthen the cycle",
          tasks[task].name, tasks[task].weight, total, options.cycle));
    }
    out.slots_.insert(out.slots_.end(), out.counts_[task], task);
  }
  return out;
}

TaskSampler::Turn TaskSampler::at(std::uint64_t step) const {
  const std::uint64_t cycle = step / slots_.size(), place = step % slots_.size();
  const KeyedPermutation order(slots_.size(), mix(key_, cycle));
  const std::uint32_t task = slots_[order(place)];
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < place; ++i) before += slots_[order(i)] == task ? 1 : 0;
  return {task, cycle * counts_[task] + before};
}

}  // namespace quiver::learn
