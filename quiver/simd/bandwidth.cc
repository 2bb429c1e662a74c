#include "quiver/simd/bandwidth.h"

#include <algorithm>
#include <chrono>

#include "quiver/simd/kernels.h"

namespace quiver::simd {

std::uint64_t stream_read(const void* data, std::size_t bytes) noexcept { return kernels().stream_read(data, bytes); }

double read_bandwidth(const std::byte* data, std::size_t bytes, int passes) noexcept {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int pass = 0; pass < passes && bytes > 0; ++pass) {
    const auto start = Clock::now();
    [[maybe_unused]] volatile const std::uint64_t sum = stream_read(data, bytes);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    if (seconds.count() > 0) best = std::max(best, static_cast<double>(bytes) / seconds.count());
  }
  return best;
}

}  // namespace quiver::simd
