#include "quiver/inspect/machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/simd/bandwidth.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kProductRows = 1024;
constexpr std::size_t kPieceBytes = std::size_t{8} << 20;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// The machine's memory, or what the container allows.
std::uint64_t memory_size() {
  std::uint64_t bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::uint64_t limit = 0;
    if (std::ifstream(path) >> limit && limit > 0) bytes = std::min(bytes, limit);  // "max" does not parse: no limit
  }
  return bytes;
}

Matrix noise(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  Matrix matrix(rows, cols);
  Random random(1, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : matrix.row(i)) x = static_cast<float>(random.uniform()) - 0.5F;
  }
  return matrix;
}
}  // namespace

double measure_read_bandwidth(Threads& threads, std::size_t buffer_bytes, int passes) {
  AlignedBytes buffer(buffer_bytes);  // writing zeros made every page present
  // Threads take pieces as they come, as a scan does: one that is held up leaves more to the others.
  const std::size_t part = std::min<std::size_t>((buffer_bytes / threads.count() + 63) / 64 * 64, kPieceBytes);
  std::atomic<std::uint64_t> sum{0};
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const double seconds = seconds_of([&] {
      threads.parallel_for(buffer_bytes, std::max<std::size_t>(part, 64),
                           [&](std::size_t begin, std::size_t end, unsigned) {
                             sum += simd::stream_read(buffer.data() + begin, end - begin);
                           });
    });
    best = std::max(best, static_cast<double>(buffer_bytes) / seconds);
  }
  return best;
}

double measure_gemm_peak(Threads& threads, int passes) {
  // As batch search does it: every thread multiplies on its own.
  const BlasThreads one(1);
  const std::size_t count = threads.count();
  const Matrix a = noise(kProductRows, kProductRows, 1), b = noise(kProductRows, kProductRows, 2);
  std::vector<Matrix> out;
  for (std::size_t i = 0; i < count; ++i) out.emplace_back(kProductRows, kProductRows);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const double seconds = seconds_of([&] {
      threads.parallel_for(count, 1, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t i = begin; i < end; ++i) gemm_nt(a.view(), b.view(), out[i]);
      });
    });
    const double flop = 2.0 * kProductRows * kProductRows * kProductRows * static_cast<double>(count);
    best = std::max(best, flop / seconds);
  }
  return best;
}

Machine describe_machine() {
  Machine machine;
  machine.cpu = cpu_name();
  machine.simd = fmt::format("{} ({})", name(simd::kernels().level), simd::feature_list());
  machine.threads = Threads::hardware();
  machine.memory_bytes = memory_size();
  return machine;
}

Machine measure_machine(Run& run, std::size_t buffer_bytes) {
  Machine machine = describe_machine();
  machine.threads = run.threads().count();
  machine.read_gb_per_s = measure_read_bandwidth(run.threads(), buffer_bytes) / 1e9;
  machine.gemm_gflop_per_s = measure_gemm_peak(run.threads()) / 1e9;
  return machine;
}

Machine better_of(Machine a, const Machine& b) {
  a.read_gb_per_s = std::max(a.read_gb_per_s, b.read_gb_per_s);
  a.gemm_gflop_per_s = std::max(a.gemm_gflop_per_s, b.gemm_gflop_per_s);
  return a;
}

}  // namespace quiver
