// AVX512_BF16 (Cooper Lake, Zen 4): Dot on bf16 rows multiplies 32 pairs an instruction and adds them in float.
//
// A product of two bf16 values is exact in float, and each of the two additions in a lane rounds once, so the bound of
// kernels.h holds; the instruction reads subnormals as zero, which that bound allows. Cosine keeps the general kernel.
#if defined(__x86_64__)
#include "quiver/simd/internal/avx512_inl.h"

namespace quiver::simd {
namespace {

struct Bf16Pairs {  // as stored: 32 coordinates a vector
  static constexpr std::size_t kStep = 32, kStepBytes = kStep * Bf16::kBytes;
  static constexpr bool kSpread = false;
  static std::size_t units(std::size_t dims) noexcept { return dims; }
  static std::size_t row_bytes(std::size_t units) noexcept { return units * Bf16::kBytes; }
  QUIVER_INLINE static __m512i row(const std::byte* p, std::size_t i) noexcept {
    return _mm512_loadu_si512(p + i * Bf16::kBytes);
  }
  QUIVER_INLINE static __m512i row_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return _mm512_maskz_loadu_epi16(Avx512::first32(n), p + i * Bf16::kBytes);
  }
  QUIVER_INLINE static __m512i query(const std::byte* p, std::size_t i) noexcept { return row(p, i); }
  QUIVER_INLINE static __m512i query_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return row_part(p, i, n);
  }
};

struct PairProduct {
  using Sum = __m512;
  using Total = float;
  using Vector = __m512i;
  QUIVER_INLINE static Sum zero() noexcept { return Avx512::zero_floats(); }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept {
    return _mm512_dpbf16_ps(s, reinterpret_cast<__m512bh>(q), reinterpret_cast<__m512bh>(r));
  }
};

}  // namespace

void fill_avx512_bf16(Kernels& table) noexcept {
  slot(table, Metric::Dot, Element::Bf16) = &block<Bf16Pairs, Dot<Avx512, PairProduct>>;
}

}  // namespace quiver::simd
#endif
