// The values below a limit moved to the front, as levels without compressing stores do it: one by one, without
// branches.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::simd {
namespace {

inline std::size_t keep_below(float* values, std::uint32_t* numbers, std::size_t count, float below) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float value = values[i];
    values[kept] = value;
    numbers[kept] = numbers[i];
    kept += value < below ? 1 : 0;
  }
  return kept;
}

}  // namespace
}  // namespace quiver::simd
