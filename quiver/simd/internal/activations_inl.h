// The kernels of activations.h over a level's primitives V. Beyond those of arrays_inl.h they need V::divide and
// V::raise(a, n): a * 2^k, where the lowest bits of the float n are the integer k.
#pragma once

#include <cstddef>
#include <type_traits>

#include "quiver/simd/activations.h"
#include "quiver/simd/internal/arrays_inl.h"

namespace quiver::simd {
namespace {

// A number so large that its last place is 1: adding it rounds, and leaves the rounded integer in the lowest bits.
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23

template <class V>
QUIVER_INLINE typename V::Floats exponential(typename V::Floats x) noexcept {
  x = V::max(V::min(x, V::fill(88.0f)), V::fill(-87.0f));
  const auto shifted = V::add(V::mul(x, V::fill(1.44269504f)), V::fill(kRounder));  // x / ln 2, rounded
  const auto n = V::sub(shifted, V::fill(kRounder));
  auto r = V::fma(n, V::fill(-0.693359375f), x);  // ln 2 in two parts, the first exact in ten bits
  r = V::fma(n, V::fill(2.12194440e-4f), r);
  auto sum = V::fma(r, V::fill(1.0f / 5040), V::fill(1.0f / 720));
  sum = V::fma(sum, r, V::fill(1.0f / 120));
  sum = V::fma(sum, r, V::fill(1.0f / 24));
  sum = V::fma(sum, r, V::fill(1.0f / 6));
  sum = V::fma(sum, r, V::fill(0.5f));
  sum = V::fma(sum, r, V::fill(1.0f));
  return V::raise(V::fma(sum, r, V::fill(1.0f)), shifted);
}

template <class V>
QUIVER_INLINE typename V::Floats sigmoid(typename V::Floats x) noexcept {
  const auto one = V::fill(1.0f);
  return V::divide(one, V::add(one, exponential<V>(V::sub(V::zero_floats(), x))));
}

template <class V>
struct Gelu {  // max(x, 0) - |x| erfc(|x| / sqrt 2) / 2, which needs no sign and cancels nowhere
  QUIVER_INLINE static typename V::Floats of(typename V::Floats x) noexcept {
    const auto one = V::fill(1.0f), size = V::abs(x), z = V::mul(size, V::fill(0.707106781f));
    const auto t = V::divide(one, V::fma(z, V::fill(0.3275911f), one));
    auto sum = V::fma(t, V::fill(1.061405429f), V::fill(-1.453152027f));
    sum = V::fma(sum, t, V::fill(1.421413741f));
    sum = V::fma(sum, t, V::fill(-0.284496736f));
    sum = V::fma(sum, t, V::fill(0.254829592f));
    const auto tail = V::mul(V::mul(sum, t), exponential<V>(V::sub(V::zero_floats(), V::mul(z, z))));
    return V::sub(V::max(x, V::zero_floats()), V::mul(V::mul(size, V::fill(0.5f)), tail));
  }
};
template <class V>
struct GeluTanh {  // x / 2 (1 + tanh u) = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3)
  QUIVER_INLINE static typename V::Floats of(typename V::Floats x) noexcept {
    const auto cubic = V::fma(V::mul(x, x), V::fill(0.044715f), V::fill(1.0f));
    return V::mul(x, sigmoid<V>(V::mul(V::mul(x, V::fill(1.59576912f)), cubic)));
  }
};
template <class V>
struct Relu {
  QUIVER_INLINE static typename V::Floats of(typename V::Floats x) noexcept { return V::max(x, V::zero_floats()); }
};
template <class V>
struct Silu {
  QUIVER_INLINE static typename V::Floats of(typename V::Floats x) noexcept { return V::mul(x, sigmoid<V>(x)); }
};
template <class V>
struct Tanh {
  QUIVER_INLINE static typename V::Floats of(typename V::Floats x) noexcept {
    return V::fma(sigmoid<V>(V::add(x, x)), V::fill(2.0f), V::fill(-1.0f));
  }
};

template <class V>
QUIVER_INLINE typename V::Floats floats_at(const float* p) noexcept {
  return V::load(F32{}, bytes_at(p));
}
template <class V>
QUIVER_INLINE typename V::Floats first_floats(const float* p, std::size_t n) noexcept {
  return V::load_part(F32{}, bytes_at(p), n);
}
template <class V>
QUIVER_INLINE void store_first(float* to, typename V::Floats values, std::size_t n) noexcept {
  float lanes[V::kFloats];
  V::store(F32{}, lanes, values);
  __builtin_memcpy(to, lanes, n * sizeof(float));
}

// Calls step(i, n) for each vector: n is kFloats but for the last.
template <class V, class Step>
QUIVER_INLINE void each_vector(std::size_t count, Step step) noexcept {
  std::size_t i = 0;
  for (; i + V::kFloats <= count; i += V::kFloats) step(i, std::integral_constant<std::size_t, V::kFloats>{});
  if (i < count) step(i, count - i);
}
template <class V, class Count>
QUIVER_INLINE typename V::Floats take(const float* p, Count n) noexcept {
  if constexpr (std::is_same_v<Count, std::size_t>) return first_floats<V>(p, n);
  return floats_at<V>(p);
}
template <class V, class Count>
QUIVER_INLINE void put(float* p, typename V::Floats values, Count n) noexcept {
  if constexpr (std::is_same_v<Count, std::size_t>)
    store_first<V>(p, values, n);
  else
    V::store(F32{}, p, values);
}

template <class V, template <class> class F>
void activate(float* row, const float* bias, std::size_t count) noexcept {
  if (bias == nullptr) {
    each_vector<V>(count, [=](std::size_t i, auto n) { put<V>(row + i, F<V>::of(take<V>(row + i, n)), n); });
  } else {
    each_vector<V>(count, [=](std::size_t i, auto n) {
      put<V>(row + i, F<V>::of(V::add(take<V>(row + i, n), take<V>(bias + i, n))), n);
    });
  }
}

template <class V>
void add_rows(float* to, const float* what, std::size_t count) noexcept {
  each_vector<V>(count,
                 [=](std::size_t i, auto n) { put<V>(to + i, V::add(take<V>(to + i, n), take<V>(what + i, n)), n); });
}
template <class V>
void multiply_rows(float* to, const float* what, std::size_t count) noexcept {
  each_vector<V>(count,
                 [=](std::size_t i, auto n) { put<V>(to + i, V::mul(take<V>(to + i, n), take<V>(what + i, n)), n); });
}

template <class V>
void softmax(float* row, std::size_t count) noexcept {
  if (count == 0) return;
  float unused, most;
  min_max<V>(row, count, &unused, &most);
  const auto high = V::fill(most);
  auto sums = V::zero_floats();
  float rest = 0;
  each_vector<V>(count, [&](std::size_t i, auto n) {
    const auto e = exponential<V>(V::sub(take<V>(row + i, n), high));
    put<V>(row + i, e, n);
    if constexpr (std::is_same_v<decltype(n), std::size_t>) {
      for (std::size_t j = 0; j < n; ++j) rest += row[i + j];
    } else {
      sums = V::add(sums, e);
    }
  });
  const auto scale = V::fill(1.0f / (V::total(sums) + rest));
  each_vector<V>(count, [=](std::size_t i, auto n) { put<V>(row + i, V::mul(take<V>(row + i, n), scale), n); });
}

// Lanes past the end of the row are zero in every sum: they are loaded so, and so is their centre.
template <class V, bool kCentred>
void normalize_row(const float* from, const float* scale, const float* shift, std::size_t count, float epsilon,
                   float* to) noexcept {
  if (count == 0) return;
  float mean = 0;
  if constexpr (kCentred) {
    auto sums = V::zero_floats();
    each_vector<V>(count, [&](std::size_t i, auto n) { sums = V::add(sums, take<V>(from + i, n)); });
    mean = V::total(sums) / static_cast<float>(count);
  }
  const auto centre = V::fill(mean);
  float centres[V::kFloats];
  V::store(F32{}, centres, centre);
  auto squares = V::zero_floats();
  each_vector<V>(count, [&](std::size_t i, auto n) {
    const auto away = V::sub(take<V>(from + i, n), take<V>(centres, n));
    squares = V::fma(away, away, squares);
  });
  const float variance = V::total(squares) / static_cast<float>(count);
  const auto inverse = V::fill(1.0f / __builtin_sqrtf(variance + epsilon));
  each_vector<V>(count, [=](std::size_t i, auto n) {
    auto value = V::mul(V::mul(V::sub(take<V>(from + i, n), centre), inverse), take<V>(scale + i, n));
    if (shift != nullptr) value = V::add(value, take<V>(shift + i, n));
    put<V>(to + i, value, n);
  });
}

template <class V>
void fill_activations(Kernels& table) noexcept {
  const auto slot_of = [&](Activation kind) -> Activate& { return table.activations[static_cast<std::size_t>(kind)]; };
  slot_of(Activation::Gelu) = &activate<V, Gelu>;
  slot_of(Activation::GeluTanh) = &activate<V, GeluTanh>;
  slot_of(Activation::Relu) = &activate<V, Relu>;
  slot_of(Activation::Silu) = &activate<V, Silu>;
  slot_of(Activation::Tanh) = &activate<V, Tanh>;
  table.softmax = &softmax<V>;
  table.layer_norm = &normalize_row<V, true>;
  table.rms_norm = &normalize_row<V, false>;
  table.add = &add_rows<V>;
  table.multiply = &multiply_rows<V>;
}

}  // namespace
}  // namespace quiver::simd
