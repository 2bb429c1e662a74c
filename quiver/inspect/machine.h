// Machine: what this computer can do, measured now, because a speed means something only next to its limit.
//
//   Machine machine = measure_machine(run);                 // about 1 second
//   machine.read_gb_per_s, machine.gemm_gflop_per_s         // with machine.threads threads
//
//   machine = better_of(machine, measure_machine(run));     // again, behind the work that is compared with it
//
// Read bandwidth: the threads stream a buffer that no cache can hold, piece by piece; best of several passes.
// GEMM peak: the product that batch search runs, on matrices of a good shape (1,024 x 1,024 x 1,024 a thread), best of
// several. Timings on a shared machine are lower bounds, and neighbours come and go: a limit that was measured in a
// busy moment flatters the work beside it. So measure on both sides of the work, keep the better of each, and compare
// only figures of one run.
#pragma once
#include <cstdint>
#include <string>

#include "quiver/core/run.h"

namespace quiver {

struct Machine {
  std::string cpu;   // "AMD EPYC 9R14"
  std::string simd;  // level in use and features
  unsigned threads = 1;
  std::uint64_t memory_bytes = 0;  // of the machine or of the container, whichever is less
  double read_gb_per_s = 0;        // 1e9 bytes; 0: not measured
  double gemm_gflop_per_s = 0;
};

Machine describe_machine();  // names and sizes only; instant
Machine measure_machine(Run& run, std::size_t buffer_bytes = std::size_t{256} << 20);
Machine better_of(Machine a, const Machine& b);  // a, with the higher of both bandwidths and of both peaks
double measure_read_bandwidth(Threads& threads, std::size_t buffer_bytes, int passes = 5);  // bytes per second
double measure_gemm_peak(Threads& threads, int passes = 5);                                 // FLOP per second

}  // namespace quiver
