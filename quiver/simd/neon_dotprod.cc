// The dot product extension (ARMv8.2 on: Neoverse N1, Cortex-A76, Apple M1): sixteen products of bytes an instruction,
// added exactly into four 32-bit lanes. The integer and bit kernels become two to four times shorter.
#if defined(__aarch64__)
#include "quiver/simd/internal/neon_inl.h"

namespace quiver::simd {

void fill_neon_dotprod(Kernels& table) noexcept { fill_neon_integers(table); }

}  // namespace quiver::simd
#endif
