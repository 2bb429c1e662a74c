// bench_kernels [--quick] [--dims N] [--only TEXT] [--json]: the table of bench/kernels.h, or the same as JSON.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "bench/kernels.h"
#include "quiver/simd/kernels.h"

int main(int argc, char** argv) {
  quiver::bench::KernelsOptions options;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--quick") {
      options.quick = true;
    } else if (flag == "--json") {
      json = true;
    } else if (flag == "--only" && i + 1 < argc) {
      options.only = argv[++i];
    } else if (flag == "--dims" && i + 1 < argc) {
      const char* text = argv[++i];
      const char* end = text + std::strlen(text);
      const auto [stop, error] = std::from_chars(text, end, options.dims);
      if (error != std::errc{} || stop != end || options.dims < 1 || options.dims > quiver::simd::kMaxIntegerDims) {
        std::fprintf(stderr, "bench_kernels: --dims is '%s'; give a whole number from 1 to %zu\n", text,
                     quiver::simd::kMaxIntegerDims);
        return 2;
      }
    } else {
      std::fprintf(stderr, "bench_kernels: unknown argument '%s'; use [--quick] [--dims N] [--only TEXT] [--json]\n",
                   argv[i]);
      return 2;
    }
  }
  const quiver::bench::KernelsReport report = quiver::bench::measure_kernels(options);
  const std::string text = json ? to_json(report) : to_table(report);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return report.all_checked() ? 0 : 1;
}
