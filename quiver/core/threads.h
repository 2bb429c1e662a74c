// Threads: a fixed pool that splits a range of work. Made once per Run or Index, not per call.
//
//   Threads threads(4);
//   threads.parallel_for(rows, /*grain=*/256, [&](std::size_t begin, std::size_t end, unsigned worker) { ... });
//
// The calling thread works too, so Threads(1) starts no thread and runs everything inline. Pieces are handed out in
// rising order by one atomic counter; which worker gets which piece is not fixed, so results must not depend on it.
// `worker` is below count() and unique among pieces that run at once: use it to index scratch space. The body must not
// throw; a nested parallel_for on the same pool runs inline. Thread-safety: parallel_for may be called from one thread
// at a time; others wait for their turn.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace quiver {

class Threads {
 public:
  explicit Threads(unsigned count);  // 0: as many as the machine has (or the container's CPU quota allows)
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  unsigned count() const noexcept;
  using Body = std::function<void(std::size_t begin, std::size_t end, unsigned worker)>;
  void parallel_for(std::size_t n, std::size_t grain, const Body& body);

  static unsigned hardware() noexcept;  // processors this process may use, at least 1

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quiver
