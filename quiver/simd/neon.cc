// Arm's Advanced SIMD as ARMv8-A has it from the start: every entry of the table at 128 bits. Thirty-two registers hold
// four rows with two accumulators each, a float one being a pair of registers.
#if defined(__aarch64__)
#include "quiver/simd/internal/neon_inl.h"

namespace quiver::simd {

void fill_neon(Kernels& table) noexcept {
  table.level = Level::Neon;
  fill_floats<Neon>(table);
  fill_neon_integers(table);
  fill_arrays<Neon>(table);
  fill_activations<Neon>(table);
  fill_descent<Neon>(table);
}

}  // namespace quiver::simd
#endif
