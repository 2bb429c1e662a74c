// The kernels of descent.h over a level's primitives V. Beyond those of activations_inl.h they need V::root.
#pragma once

#include "quiver/simd/descent.h"
#include "quiver/simd/internal/activations_inl.h"

namespace quiver::simd {
namespace {

template <class V>
void add_scaled_rows(float* to, const float* what, float scale, std::size_t count) noexcept {
  const auto by = V::fill(scale);
  each_vector<V>(
      count, [=](std::size_t i, auto n) { put<V>(to + i, V::fma(take<V>(what + i, n), by, take<V>(to + i, n)), n); });
}
template <class V>
void exchange_rows(float* to, const float* what, float* sum, float taken, float given, std::size_t count) noexcept {
  const auto take_by = V::fill(taken), give_by = V::fill(given);
  each_vector<V>(count, [=](std::size_t i, auto n) {
    const auto there = take<V>(to + i, n);
    put<V>(sum + i, V::fma(there, take_by, take<V>(sum + i, n)), n);
    put<V>(to + i, V::fma(take<V>(what + i, n), give_by, there), n);
  });
}
template <class V>
void adapt_rows(float* to, float* squares, const float* what, float scale, float rate, std::size_t count) noexcept {
  const auto by = V::fill(scale), step = V::fill(rate);
  each_vector<V>(count, [=](std::size_t i, auto n) {
    const auto gradient = V::mul(take<V>(what + i, n), by);
    const auto sum = V::fma(gradient, gradient, take<V>(squares + i, n));
    put<V>(squares + i, sum, n);
    put<V>(to + i, V::add(take<V>(to + i, n), V::divide(V::mul(gradient, step), V::root(sum))), n);
  });
}

template <class V>
void fill_descent(Kernels& table) noexcept {
  table.add_scaled = &add_scaled_rows<V>;
  table.exchange = &exchange_rows<V>;
  table.adapt = &adapt_rows<V>;
}

}  // namespace
}  // namespace quiver::simd
