// Prefetch: draws the batch of the next step on a thread of its own while the current one is trained on, so that
// reading, cutting and turning items never waits in line with the arithmetic.
//
//   Prefetch<Batch> batches([&](std::uint64_t step) { return draw(sampler, step); });
//   .loss = [&](std::uint64_t step) -> Result<Tensor> { const Batch batch = batches.take(step); ... }
//   batches.waited_seconds();                                          // what training lost by waiting
//
// `draw` is a pure function of the step, as samplers are, so what is drawn ahead does not depend on time, and any step
// may be asked for: one that is not the next is drawn at once, and prefetching goes on behind it.
// Thread-safety: one owner; `draw` runs on one thread at a time, but not on the owner's. Cost: one thread that sleeps
// when a batch lies ready; memory of one more batch. An exception of `draw` comes out of take().
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <utility>

namespace quiver::learn {

template <class Batch>
class Prefetch {
 public:
  explicit Prefetch(std::function<Batch(std::uint64_t step)> draw) : draw_(std::move(draw)) {}
  ~Prefetch() {
    if (next_.valid()) next_.wait();
  }
  Prefetch(const Prefetch&) = delete;  // the thread points at draw_
  Prefetch& operator=(const Prefetch&) = delete;

  Batch take(std::uint64_t step) {
    const auto begin = std::chrono::steady_clock::now();
    if (!next_.valid() || ahead_ != step) start(step);
    Batch batch = next_.get();
    waited_ += std::chrono::steady_clock::now() - begin;
    start(step + 1);
    return batch;
  }
  double waited_seconds() const { return std::chrono::duration<double>(waited_).count(); }

 private:
  void start(std::uint64_t step) {
    if (next_.valid()) next_.wait();
    ahead_ = step;
    next_ = std::async(std::launch::async, [this, step] { return draw_(step); });
  }
  std::function<Batch(std::uint64_t)> draw_;
  std::future<Batch> next_;
  std::uint64_t ahead_ = 0;
  std::chrono::steady_clock::duration waited_{};
};

}  // namespace quiver::learn
