// AVX-512 without optional extensions: every entry of the table at 512 bits.
#if defined(__x86_64__)
#include "quiver/simd/internal/avx512_inl.h"

namespace quiver::simd {

void fill_avx512(Kernels& table) noexcept {
  table.level = Level::Avx512;
  fill_all<Avx512>(table);
}

}  // namespace quiver::simd
#endif
