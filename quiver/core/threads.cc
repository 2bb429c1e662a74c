#include "quiver/core/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "quiver/core/check.h"

namespace quiver {
namespace {
thread_local const void* current_pool = nullptr;  // the pool this thread works for right now
thread_local unsigned current_worker = 0;
}  // namespace

struct Threads::State {
  // One job at a time: its range, its body, and how many threads still work on it.
  std::mutex callers;  // parallel_for calls wait here for their turn
  std::mutex mutex;
  std::condition_variable wake, done;
  std::uint64_t generation = 0;
  bool closing = false;
  std::atomic<std::size_t> next{0};
  std::size_t n = 0, grain = 1;
  const Body* body = nullptr;
  unsigned busy = 0;
  std::vector<std::thread> workers;

  void run_pieces(unsigned worker) {
    current_pool = this;
    current_worker = worker;
    for (;;) {
      const std::size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= n) break;
      (*body)(begin, std::min(n, begin + grain), worker);
    }
    current_pool = nullptr;
  }
  void work(unsigned worker) {
    std::uint64_t seen = 0;
    for (;;) {
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return closing || generation != seen; });
        if (closing) return;
        seen = generation;
      }
      run_pieces(worker);
      const std::lock_guard lock(mutex);
      if (--busy == 0) done.notify_one();
    }
  }
};

Threads::Threads(unsigned count) : state_(std::make_unique<State>()) {
  if (count == 0) count = hardware();
  for (unsigned i = 1; i < count; ++i) state_->workers.emplace_back([state = state_.get(), i] { state->work(i); });
}
Threads::~Threads() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

unsigned Threads::count() const noexcept { return static_cast<unsigned>(state_->workers.size()) + 1; }

unsigned Threads::hardware() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

void Threads::parallel_for(std::size_t n, std::size_t grain, const Body& body) {
  if (n == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  State& s = *state_;
  if (current_pool == &s) {  // nested: this worker does it all
    body(0, n, current_worker);
    return;
  }
  const std::lock_guard turn(s.callers);
  if (s.workers.empty() || n <= grain) {
    current_pool = &s;
    current_worker = 0;
    for (std::size_t begin = 0; begin < n; begin += grain) body(begin, std::min(n, begin + grain), 0);
    current_pool = nullptr;
    return;
  }
  {
    const std::lock_guard lock(s.mutex);
    s.next.store(0, std::memory_order_relaxed);
    s.n = n;
    s.grain = grain;
    s.body = &body;
    s.busy = static_cast<unsigned>(s.workers.size());
    ++s.generation;
  }
  s.wake.notify_all();
  s.run_pieces(0);
  std::unique_lock lock(s.mutex);
  s.done.wait(lock, [&] { return s.busy == 0; });
  s.body = nullptr;
}

}  // namespace quiver
