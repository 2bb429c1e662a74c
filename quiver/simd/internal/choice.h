// What QUIVER_SIMD means, as a function of its value, so that a test can try every wish in one process.
#pragma once

#include <string>

#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {

struct Choice {
  const Kernels* kernels = nullptr;
  std::string note;  // see level_note()
};

// wish: the value of QUIVER_SIMD; nullptr or empty: none.
Choice choose(const char* wish);

}  // namespace quiver::simd::internal
