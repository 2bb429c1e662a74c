// AVX512_VPOPCNTDQ (Ice Lake, Zen 4): the bit kernels count the ones of eight 64-bit words in one instruction.
#if defined(__x86_64__)
#include "quiver/simd/internal/avx512_inl.h"

namespace quiver::simd {

void fill_avx512_vpopcntdq(Kernels& table) noexcept { fill_bits<Avx512>(table); }

}  // namespace quiver::simd
#endif
