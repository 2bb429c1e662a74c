// Which table runs: CPUID or what the kernel says of the CPU once, then QUIVER_SIMD's wish if the CPU can grant it.
#include <cstdlib>
#include <string>
#include <utility>

#include "quiver/simd/internal/choice.h"
#include "quiver/simd/internal/levels.h"
#include "quiver/simd/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
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
#elif defined(__aarch64__)
#if defined(__linux__)
  const unsigned long offered = getauxval(AT_HWCAP);
  f.neon = (offered & HWCAP_ASIMD) != 0;
  f.dotprod = f.neon && (offered & HWCAP_ASIMDDP) != 0;
#else
  f.neon = true;  // no ARMv8-A without it
#endif
#endif
  return f;
}

// What this machine and this build have, found out once.
struct Offer {
  Features features = detect();
  Kernels tables[kLevels];
  const Kernels* usable[kLevels] = {};
  std::string list;

  Offer() {
    fill_tables();
    list_features();
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
#elif defined(__aarch64__)
    if (features.neon) {
      Kernels& table = tables[at(Level::Neon)];
      fill_neon(table);
      fill_neighbours_neon(table);
      if (features.dotprod) fill_neon_dotprod(table);
      usable[at(Level::Neon)] = &table;
    }
#endif
  }

  void list_features() {
    const std::pair<bool, const char*> all[] = {{features.avx2, "avx2"},      {features.avx512, "avx512"},
                                                {features.vnni, "vnni"},      {features.vpopcntdq, "vpopcntdq"},
                                                {features.bf16, "bf16"},      {features.neon, "neon"},
                                                {features.dotprod, "dotprod"}};
    for (const auto& [present, text] : all) {
      if (!present) continue;
      if (!list.empty()) list += ' ';
      list += text;
    }
    if (list.empty()) list = "none";
  }
};

const Offer& offer() noexcept {
  static const Offer instance;
  return instance;
}

const internal::Choice& choice() noexcept {
  static const internal::Choice instance = internal::choose(std::getenv("QUIVER_SIMD"));
  return instance;
}

}  // namespace

internal::Choice internal::choose(const char* wish) {
  const Kernels* best = nullptr;
  for (const Kernels* table : offer().usable) best = table ? table : best;
  const std::string level(name(best->level));
  if (!wish || !*wish) return {best, level + ", the best level this CPU has"};
  const std::string wanted(wish);
  for (const Kernels* table : offer().usable) {
    if (table && wanted == name(table->level)) return {table, wanted + ", as QUIVER_SIMD asks"};
  }
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (wanted != name(static_cast<Level>(i))) continue;
    return {best, level + "; QUIVER_SIMD asks for " + wanted + ", which this CPU or this build lacks"};
  }
  return {best, level + "; QUIVER_SIMD is '" + wanted + "', which is no level: use scalar, avx2, avx512 or neon"};
}

const Kernels& kernels() noexcept { return *choice().kernels; }

const Kernels* kernels_at(Level level) noexcept {
  const auto at = static_cast<std::size_t>(level);
  return at < kLevels ? offer().usable[at] : nullptr;
}

const Features& features() noexcept { return offer().features; }
std::string_view level_note() noexcept { return choice().note; }
std::string_view feature_list() noexcept { return offer().list; }

}  // namespace quiver::simd
