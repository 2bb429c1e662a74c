#include "bench/kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "quiver/simd/bandwidth.h"
#include "quiver/simd/kernels.h"
#include "quiver/simd/packed_u4.h"

namespace quiver::bench {
namespace {

using Clock = std::chrono::steady_clock;
using simd::BlockKernel;
using simd::Kernels;

constexpr std::size_t kCacheBytes = 24 << 10;  // half an L1 data cache
constexpr std::size_t kGathered = 32;          // rows a call: one node's neighbours

// One entry of the table under test, with what is needed to feed and to check it.
struct Subject {
  std::string name;
  BlockKernel kernel = nullptr, scalar = nullptr;
  Element query = Element::F32, row = Element::F32;
  bool packed = false;    // u4 rows
  double operations = 0;  // per coordinate
  bool exact = false;     // integer sums: equal at every level
  std::size_t row_bytes(std::size_t dims) const { return packed ? simd::packed_u4_bytes(dims) : bytes_of(row, dims); }
};

std::vector<Subject> subjects(const Kernels& best, const Kernels& scalar) {
  std::vector<Subject> all;
  constexpr double kOperations[kMetrics] = {3, 2, 4, 3, 2};  // L2, Dot, Cosine, Manhattan, Hamming
  for (const Element element : {Element::F32, Element::F16, Element::Bf16, Element::I8, Element::U8, Element::Bit}) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming}) {
      if (element == Element::Bit && (metric == Metric::L2 || metric == Metric::Manhattan)) continue;  // as Hamming
      const bool integer = bits_of(element) <= 8;
      all.push_back({.name = fmt::format("{} {}", name(metric), name(element)),
                     .kernel = best.distance(metric, element),
                     .scalar = scalar.distance(metric, element),
                     .query = element,
                     .row = element,
                     .operations = kOperations[static_cast<std::size_t>(metric)],
                     .exact = integer || metric == Metric::Hamming});
    }
  }
  const auto add = [&](std::string_view text, BlockKernel Kernels::*entry, Element query, Element row, bool packed,
                       double operations) {
    all.push_back({.name = std::string(text),
                   .kernel = best.*entry,
                   .scalar = scalar.*entry,
                   .query = query,
                   .row = row,
                   .packed = packed,
                   .operations = operations,
                   .exact = query == Element::I8});
  };
  add("l2 f32 x f16", &Kernels::l2_f32_f16, Element::F32, Element::F16, false, 3);
  add("dot f32 x f16", &Kernels::dot_f32_f16, Element::F32, Element::F16, false, 2);
  add("dot f32 x u8 code", &Kernels::dot_f32_u8, Element::F32, Element::U8, false, 2);
  add("dot f32 x u4 code", &Kernels::dot_f32_u4, Element::F32, Element::U8, true, 2);
  add("dot i8 x u8 code", &Kernels::dot_i8_u8, Element::I8, Element::U8, false, 2);
  add("dot i8 x u4 code", &Kernels::dot_i8_u4, Element::I8, Element::U8, true, 2);
  return all;
}

std::uint64_t hashed(std::uint64_t x) {
  x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

// Fills [0, bytes) with coordinates of the element type: floats in [-1, 1), anything for integers and bits. A pattern
// of a prime number of words repeats, which is random enough for arithmetic and quick to write.
void fill(Element element, std::byte* to, std::size_t bytes) {
  constexpr std::size_t kPattern = 65521;
  std::vector<float> values(kPattern);
  for (std::size_t i = 0; i < kPattern; ++i) values[i] = static_cast<float>(hashed(i) >> 40) * 0x1p-23f - 1.0f;
  std::vector<std::byte> pattern(kPattern * std::max<std::size_t>(1, bits_of(element) / 8));
  auto* narrow = reinterpret_cast<std::uint16_t*>(pattern.data());
  switch (element) {
    case Element::F32:
      std::memcpy(pattern.data(), values.data(), pattern.size());
      break;
    case Element::F16:
      simd::kernels().f32_to_f16(values.data(), narrow, kPattern);
      break;
    case Element::Bf16:
      simd::kernels().f32_to_bf16(values.data(), narrow, kPattern);
      break;
    default:
      for (std::size_t i = 0; i < kPattern; ++i) pattern[i] = static_cast<std::byte>(hashed(i) >> 56);
  }
  for (std::size_t done = 0; done < bytes; done += pattern.size())
    std::memcpy(to + done, pattern.data(), std::min(pattern.size(), bytes - done));
}

// Whether the kernel agrees with scalar on the first rows. Two float results may differ by both levels' bounds; the
// sum of absolute terms is bounded by the product of the norms, and is the result itself where no term is negative.
bool agrees(const Subject& subject, const std::byte* query, const std::byte* base, std::size_t dims) {
  constexpr std::size_t kRows = 7;
  const std::size_t stride = subject.row_bytes(dims);
  float got[kRows], want[kRows];
  subject.kernel(query, base, stride, nullptr, kRows, dims, got);
  subject.scalar(query, base, stride, nullptr, kRows, dims, want);
  const double largest = subject.row == Element::U8 && subject.query == Element::F32 ? 255.0 : 1.0;
  for (std::size_t r = 0; r < kRows; ++r) {
    const double scale = std::max(std::abs(static_cast<double>(want[r])), largest * static_cast<double>(dims));
    const double bound = subject.exact ? 0 : 2 * static_cast<double>(simd::error_ulps(dims)) * 0x1p-24 * scale;
    if (!(std::abs(static_cast<double>(got[r]) - static_cast<double>(want[r])) <= bound)) return false;
  }
  return true;
}

// Seconds of one call of `work`, the best of repetitions for about `budget` seconds.
template <class Work>
double best_seconds(double budget, Work work) {
  double best = 1e30;
  const auto begin = Clock::now();
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  do {
    const auto start = Clock::now();
    work();
    best = std::min(best, since(start));
  } while (since(begin) < budget);
  return best;
}

// Bytes on a cache line's border, as matrices are.
class Aligned {
 public:
  explicit Aligned(std::size_t bytes) : storage_(bytes + kLine), size_(bytes) {}
  std::byte* data() {
    const auto past = reinterpret_cast<std::uintptr_t>(storage_.data()) % kLine;
    return storage_.data() + (kLine - past) % kLine;
  }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kLine = 64;
  std::vector<std::byte> storage_;
  std::size_t size_;
};

struct Buffers {
  Aligned rows, query;
  std::vector<float> out = {};
  std::vector<std::uint32_t> order = {};
};

KernelTiming measure(const Subject& subject, const KernelsOptions& options, Buffers& buffers) {
  KernelTiming timing;
  const std::size_t dims = options.dims, stride = subject.row_bytes(dims);
  const std::byte *query = buffers.query.data(), *base = buffers.rows.data();
  timing.name = subject.name;
  timing.row_bytes = stride;
  timing.operations_per_byte = subject.operations * static_cast<double>(dims) / static_cast<double>(stride);
  fill(subject.query, buffers.query.data(), bytes_of(subject.query, dims));
  if (dims % 8 != 0 && subject.query == Element::Bit)
    buffers.query.data()[dims / 8] &= static_cast<std::byte>((1u << dims % 8) - 1);
  timing.checked = agrees(subject, query, base, dims);
  if (!timing.checked) return timing;

  const double budget = options.quick ? 0.02 : 0.12;
  const std::size_t few = std::max<std::size_t>(8, kCacheBytes / stride / 4 * 4);
  const std::size_t many = buffers.rows.size() / stride;
  buffers.out.resize(many);
  constexpr int kCalls = 16;  // per timing, so that the clock's own cost vanishes
  const double cache = best_seconds(budget, [&] {
    for (int call = 0; call < kCalls; ++call)
      subject.kernel(query, base, stride, nullptr, few, dims, buffers.out.data());
  });
  timing.cache = static_cast<double>(few * stride * kCalls) / cache;
  const double memory = best_seconds(budget, [&] {
    constexpr std::size_t kBlock = 1024;  // as a flat search calls it: the distances stay in the cache
    for (std::size_t first = 0; first < many; first += kBlock) {
      const std::size_t count = std::min(kBlock, many - first);
      subject.kernel(query, base + first * stride, stride, nullptr, count, dims, buffers.out.data());
    }
  });
  timing.memory = static_cast<double>(many * stride) / memory;

  // Each repetition goes on where the last one ended, so that no row is met again while a cache may hold it.
  buffers.order.resize(std::size_t{1} << (options.quick ? 18 : 21));
  for (std::size_t i = 0; i < buffers.order.size(); ++i)
    buffers.order[i] = static_cast<std::uint32_t>(hashed(i) % many);
  const std::size_t picks = buffers.order.size() / 32;
  std::size_t turn = 0;
  const double gathered = best_seconds(budget, [&] {
    const std::uint32_t* order = buffers.order.data() + turn++ % 32 * picks;
    for (std::size_t first = 0; first < picks; first += kGathered)
      subject.kernel(query, base, stride, order + first, kGathered, dims, buffers.out.data());
  });
  timing.gathered = static_cast<double>(picks * stride) / gathered;
  return timing;
}

double bandwidth_of_threads(Aligned& buffer, std::size_t threads) {
  const std::size_t part = buffer.size() / threads / 64 * 64;
  std::atomic<std::size_t> ready{0};
  std::vector<std::thread> workers;
  std::vector<Clock::time_point> ends(threads), starts(threads);
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (ready.fetch_add(1); ready.load() < threads;) std::this_thread::yield();
      starts[t] = Clock::now();
      [[maybe_unused]] volatile std::uint64_t sum = 0;
      for (int pass = 0; pass < 3; ++pass) sum = simd::stream_read(buffer.data() + t * part, part);
      ends[t] = Clock::now();
    });
  }
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> seconds =
      *std::max_element(ends.begin(), ends.end()) - *std::min_element(starts.begin(), starts.end());
  return static_cast<double>(3 * threads * part) / seconds.count();
}

}  // namespace

bool KernelsReport::all_checked() const {
  return std::all_of(kernels.begin(), kernels.end(), [](const KernelTiming& kernel) { return kernel.checked; });
}

KernelsReport measure_kernels(const KernelsOptions& options) {
  const Kernels& best = simd::kernels();
  KernelsReport report;
  report.level_note = simd::level_note();
  report.features = simd::feature_list();
  report.dims = options.dims;
  report.threads = std::max(1u, std::thread::hardware_concurrency());
  report.memory_bytes = std::size_t{options.quick ? 128u : 512u} << 20;

  Buffers buffers{.rows = Aligned(report.memory_bytes), .query = Aligned(options.dims * sizeof(float))};
  report.bandwidth = simd::read_bandwidth(buffers.rows.data(), buffers.rows.size());
  report.bandwidth_all_threads = bandwidth_of_threads(buffers.rows, report.threads);
  report.peak = simd::multiply_add_peak();

  Element filled = Element::Bit;  // the buffer is rewritten only when the element type changes
  bool any = false;
  for (const Subject& subject : subjects(best, *simd::kernels_at(simd::Level::Scalar))) {
    if (subject.name.find(options.only) == std::string::npos) continue;
    if (!any || filled != subject.row) fill(subject.row, buffers.rows.data(), buffers.rows.size());
    any = true;
    filled = subject.row;
    report.kernels.push_back(measure(subject, options, buffers));
  }
  return report;
}

std::string to_table(const KernelsReport& report) {
  constexpr double kGiga = 1e9;
  std::string text = fmt::format(
      "level {}; features: {}\n"
      "streaming read of {} MB: {:.1f} GB/s on 1 thread, {:.1f} GB/s on {}; multiply-add peak {:.0f} GFLOP/s on 1\n\n"
      "{:<18} {:>6} | {:>10} {:>8} {:>6} | {:>11} {:>6} | {:>13} {:>6}\n",
      report.level_note, report.features, report.memory_bytes >> 20, report.bandwidth / kGiga,
      report.bandwidth_all_threads / kGiga, report.threads, report.peak / kGiga, fmt::format("dims {}", report.dims),
      "bytes", "cache GB/s", "GFLOP/s", "peak", "memory GB/s", "of bw", "gathered GB/s", "of bw");
  for (const KernelTiming& k : report.kernels) {
    if (!k.checked) {
      text += fmt::format("{:<18} {:>6} | WRONG: differs from the scalar level, not timed\n", k.name, k.row_bytes);
      continue;
    }
    const double operations = k.cache * k.operations_per_byte;
    text +=
        fmt::format("{:<18} {:>6} | {:>10.1f} {:>8.1f} {:>5.0f}% | {:>11.1f} {:>5.0f}% | {:>13.1f} {:>5.0f}%\n", k.name,
                    k.row_bytes, k.cache / kGiga, operations / kGiga, 100 * operations / report.peak, k.memory / kGiga,
                    100 * k.memory / report.bandwidth, k.gathered / kGiga, 100 * k.gathered / report.bandwidth);
  }
  return text;
}

std::string to_json(const KernelsReport& report) {
  nlohmann::ordered_json json = {{"level", report.level_note},
                                 {"features", report.features},
                                 {"dims", report.dims},
                                 {"threads", report.threads},
                                 {"memory_bytes", report.memory_bytes},
                                 {"bandwidth", report.bandwidth},
                                 {"bandwidth_all_threads", report.bandwidth_all_threads},
                                 {"peak", report.peak},
                                 {"kernels", nlohmann::ordered_json::array()}};
  for (const KernelTiming& k : report.kernels) {
    json["kernels"].push_back({{"name", k.name},
                               {"checked", k.checked},
                               {"row_bytes", k.row_bytes},
                               {"cache_bytes_per_second", k.cache},
                               {"cache_operations_per_second", k.cache * k.operations_per_byte},
                               {"memory_bytes_per_second", k.memory},
                               {"gathered_bytes_per_second", k.gathered}});
  }
  return json.dump(2) + "\n";
}

}  // namespace quiver::bench
