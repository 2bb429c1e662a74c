// Which table runs: CPUID once, then QUIVER_SIMD's wish if the CPU can grant it.
#include <cstdlib>
#include <string>
#include <utility>

#include "quiver/simd/internal/levels.h"
#include "quiver/simd/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace quiver::simd {
namespace {

Features detect() noexcept {
  Features f;
#if defined(__x86_64__)
  __builtin_cpu_init();  // its answers include whether the operating system saves the registers
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  f.avx2 = f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  f.avx512 = f.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  f.vnni = f.avx512 && __builtin_cpu_supports("avx512vnni");
  f.vpopcntdq = f.avx512 && __builtin_cpu_supports("avx512vpopcntdq");
  f.bf16 = f.avx512 && __builtin_cpu_supports("avx512bf16");
#endif
  return f;
}

// Everything that is decided once.
struct Choice {
  Features features = detect();
  Kernels tables[kLevels];
  const Kernels* usable[kLevels] = {};
  const Kernels* chosen = nullptr;
  std::string note, list;

  Choice() {
    fill_tables();
    list_features();
    choose();
  }

  void fill_tables() {
    const auto at = [](Level level) { return static_cast<std::size_t>(level); };
    fill_scalar(tables[at(Level::Scalar)]);
    fill_neighbours_scalar(tables[at(Level::Scalar)]);
    usable[at(Level::Scalar)] = &tables[at(Level::Scalar)];
#if defined(__x86_64__)
    if (features.avx2) {
      fill_avx2(tables[at(Level::Avx2)]);
      fill_neighbours_avx2(tables[at(Level::Avx2)]);
      usable[at(Level::Avx2)] = &tables[at(Level::Avx2)];
    }
    if (features.avx512) {
      Kernels& table = tables[at(Level::Avx512)];
      fill_avx512(table);
      fill_neighbours_avx512(table);
      if (features.vnni) fill_avx512_vnni(table);
      if (features.vpopcntdq) fill_avx512_vpopcntdq(table);
      if (features.bf16) fill_avx512_bf16(table);
      usable[at(Level::Avx512)] = &table;
    }
#endif
  }

  void list_features() {
    const std::pair<bool, const char*> all[] = {{features.avx2, "avx2"},
                                                {features.avx512, "avx512"},
                                                {features.vnni, "vnni"},
                                                {features.vpopcntdq, "vpopcntdq"},
                                                {features.bf16, "bf16"}};
    for (const auto& [present, text] : all) {
      if (!present) continue;
      if (!list.empty()) list += ' ';
      list += text;
    }
    if (list.empty()) list = "none";
  }

  void choose() {
    for (const Kernels* table : usable) chosen = table ? table : chosen;
    const std::string best(name(chosen->level));
    const char* wish = std::getenv("QUIVER_SIMD");
    if (!wish || !*wish) {
      note = best + ", the best level this CPU has";
      return;
    }
    const std::string wanted(wish);
    for (std::size_t level = 0; level < kLevels; ++level) {
      if (wanted != name(static_cast<Level>(level))) continue;
      if (usable[level]) {
        chosen = usable[level];
        note = wanted + ", as QUIVER_SIMD asks";
      } else {
        note = best + "; QUIVER_SIMD asks for " + wanted + ", which this CPU or this build lacks";
      }
      return;
    }
    note = best + "; QUIVER_SIMD is '" + wanted + "', which is no level: use scalar, avx2 or avx512";
  }
};

const Choice& choice() noexcept {
  static const Choice instance;
  return instance;
}

}  // namespace

const Kernels& kernels() noexcept { return *choice().chosen; }

const Kernels* kernels_at(Level level) noexcept {
  const auto at = static_cast<std::size_t>(level);
  return at < kLevels ? choice().usable[at] : nullptr;
}

const Features& features() noexcept { return choice().features; }
std::string_view level_note() noexcept { return choice().note; }
std::string_view feature_list() noexcept { return choice().list; }

}  // namespace quiver::simd
