// Two yardsticks that searches are measured against: a streaming read at the widest load of the level in use, and
// multiply-adds that wait for nothing.
//
//   double bytes_per_s = simd::read_bandwidth(buffer, bytes);   // best of a few passes over the buffer, this thread
//   double flop_per_s = simd::multiply_add_peak();              // this thread, this level, single precision
//
// Invariants: reads every byte once per pass and writes nothing; the returned sum depends on every byte read, so the
// loop cannot be dropped. Use a buffer far larger than the last cache (512 MB) to see memory, a small one to see a
// cache. Thread-safety: free of state; run it on several threads over disjoint parts to see the machine's bandwidth.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::simd {

// Sum, modulo 2^64, of the buffer's aligned-as-given 64-bit words; the last bytes % 8 bytes count as one word.
std::uint64_t stream_read(const void* data, std::size_t bytes) noexcept;

// Best rate of `passes` timed passes, in bytes per second; 0 for an empty buffer.
double read_bandwidth(const std::byte* data, std::size_t bytes, int passes = 3) noexcept;

// Floating-point operations per second (a multiply-add is two) with every operand in a register. Cost: about 50 ms.
double multiply_add_peak() noexcept;

}  // namespace quiver::simd
