// Measures every kernel of the level in use next to what the machine can do in the same run: bytes per second against
// the bandwidth of a plain streaming read, operations per second against the peak of multiply-adds in registers.
//
//   KernelsReport report = bench::measure_kernels({.dims = 768, .quick = true});
//   fputs(bench::to_table(report).c_str(), stdout);
//
// Each kernel's answers are compared with the scalar level before it is timed; a kernel that fails is reported with
// `checked = false` and not timed. Timings are the best of several repetitions on one thread. Three working sets:
//   cache     rows in order, resident in L1          what the arithmetic can do
//   memory    rows in order, larger than any cache   what a flat search sees
//   gathered  rows by random number from that set, 32 a call   what a graph search sees
// Cost: under 60 s; quick, under 10 s.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quiver::bench {

struct KernelsOptions {
  std::size_t dims = 768;
  bool quick = false;     // smaller memory set, fewer repetitions
  std::string only = {};  // kernels whose names contain this
};

struct KernelTiming {
  std::string name;
  bool checked = false;
  std::size_t row_bytes = 0;
  double operations_per_byte = 0;  // of row: a difference, product, comparison or addition per coordinate counts one
  double cache = 0, memory = 0, gathered = 0;  // bytes of rows per second
};

struct KernelsReport {
  std::string level_note, features;
  std::size_t dims = 0, memory_bytes = 0, threads = 0;
  double bandwidth = 0, bandwidth_all_threads = 0;  // bytes per second
  double peak = 0;                                  // single-precision operations per second, one thread
  std::vector<KernelTiming> kernels;
  bool all_checked() const;
};

KernelsReport measure_kernels(const KernelsOptions& options);
std::string to_table(const KernelsReport& report);
std::string to_json(const KernelsReport& report);

}  // namespace quiver::bench
