// What each level's file offers to dispatch.cc: functions that write their kernels over a table. A level fills every
// entry; those named after an extension replace, inside their level, the few entries that it makes faster.
#pragma once

#include "quiver/simd/kernels.h"

namespace quiver::simd {

void fill_scalar(Kernels& table) noexcept;
void fill_neighbours_scalar(Kernels& table) noexcept;
#if defined(__x86_64__)
void fill_avx2(Kernels& table) noexcept;
void fill_avx512(Kernels& table) noexcept;
void fill_avx512_vnni(Kernels& table) noexcept;
void fill_avx512_vpopcntdq(Kernels& table) noexcept;
void fill_avx512_bf16(Kernels& table) noexcept;
void fill_neighbours_avx2(Kernels& table) noexcept;
void fill_neighbours_avx512(Kernels& table) noexcept;
#elif defined(__aarch64__)
void fill_neon(Kernels& table) noexcept;
void fill_neon_dotprod(Kernels& table) noexcept;
void fill_neighbours_neon(Kernels& table) noexcept;
#endif

}  // namespace quiver::simd
