#include "quiver/simd/bandwidth.h"

#include <algorithm>
#include <chrono>

#include "quiver/simd/kernels.h"

namespace quiver::simd {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

std::uint64_t stream_read(const void* data, std::size_t bytes) noexcept { return kernels().stream_read(data, bytes); }

double read_bandwidth(const std::byte* data, std::size_t bytes, int passes) noexcept {
  double best = 0;
  for (int pass = 0; pass < passes && bytes > 0; ++pass) {
    const auto start = Clock::now();
    [[maybe_unused]] volatile const std::uint64_t sum = stream_read(data, bytes);
    const double seconds = seconds_since(start);
    if (seconds > 0) best = std::max(best, static_cast<double>(bytes) / seconds);
  }
  return best;
}

double multiply_add_peak() noexcept {
  constexpr std::size_t kRounds = 100000;  // a fraction of a millisecond
  double best = 0;
  for (const auto begin = Clock::now(); seconds_since(begin) < 0.05;) {
    std::size_t operations = 0;
    const auto start = Clock::now();
    [[maybe_unused]] volatile const float sum = kernels().multiply_add(kRounds, &operations);
    best = std::max(best, static_cast<double>(operations) / seconds_since(start));
  }
  return best;
}

}  // namespace quiver::simd
