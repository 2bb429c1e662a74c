// Kernels over single arrays: extremes, sums, conversions, selection, and the streaming read. Written once over a
// level's primitives V, as block_inl.h is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quiver/simd/internal/load_inl.h"
#include "quiver/simd/internal/reduce_inl.h"

namespace quiver::simd {
namespace {

QUIVER_INLINE const std::byte* bytes_at(const void* p) noexcept { return static_cast<const std::byte*>(p); }

template <class V>
struct Total : OneSum<V, Real<V>> {
  using typename OneSum<V, Real<V>>::Sum, typename OneSum<V, Real<V>>::Vector;
  QUIVER_INLINE static void step(Sum& s, Vector, Vector r) noexcept { s = V::add(s, r); }
};

template <class V, class Reduce>
float reduce_array(const float* values, std::size_t count) noexcept {
  const std::byte* const row[1] = {bytes_at(values)};
  typename Reduce::Sum total[1];
  accumulate<FloatRows<V, F32>, Reduce, 1>(row[0], row, {}, count, total);
  float result;
  Reduce::finish(total, NoContext{}, &result);
  return result;
}

// The last vector overlaps the one before it, which extremes do not mind.
template <class V>
void min_max(const float* values, std::size_t count, float* low, float* high) noexcept {
  float least = __builtin_inff(), most = -__builtin_inff();
  if (count < V::kFloats) {
    for (std::size_t i = 0; i < count; ++i) {
      least = values[i] < least ? values[i] : least;
      most = values[i] > most ? values[i] : most;
    }
  } else {
    auto smallest = V::load(F32{}, bytes_at(values)), largest = smallest;
    for (std::size_t i = V::kFloats; i < count; i += V::kFloats) {
      const std::size_t start = i + V::kFloats <= count ? i : count - V::kFloats;
      const auto v = V::load(F32{}, bytes_at(values + start));
      smallest = V::min(smallest, v);
      largest = V::max(largest, v);
    }
    float lanes[2][V::kFloats];
    V::store(F32{}, lanes[0], smallest);
    V::store(F32{}, lanes[1], largest);
    for (std::size_t i = 0; i < V::kFloats; ++i) {
      least = lanes[0][i] < least ? lanes[0][i] : least;
      most = lanes[1][i] > most ? lanes[1][i] : most;
    }
  }
  *low = least;
  *high = most;
}

template <class V, class FromTag, class From, class ToTag, class To>
void convert(const From* from, To* to, std::size_t count) noexcept {
  std::size_t i = 0;
  for (; i + V::kFloats <= count; i += V::kFloats) V::store(ToTag{}, to + i, V::load(FromTag{}, bytes_at(from + i)));
  if (i < count) {
    To last[V::kFloats];
    V::store(ToTag{}, last, V::load_part(FromTag{}, bytes_at(from + i), count - i));
    __builtin_memcpy(to + i, last, (count - i) * sizeof(To));
  }
}

// Adding 1.5 * 2^23 leaves no bits for fractions, and rounds to the nearest even. Sums of so small whole numbers are
// exact as floats.
template <class V>
std::int32_t round_to_i8(const float* values, std::size_t count, float scale, std::int8_t* codes) noexcept {
  const auto by = V::fill(scale), rounder = V::fill(12582912.0f);
  auto sum = V::zero_floats();
  std::int8_t last[V::kFloats];
  for (std::size_t i = 0; i < count; i += V::kFloats) {
    const std::size_t n = count - i < V::kFloats ? count - i : V::kFloats;
    const auto v =
        n == V::kFloats ? V::load(F32{}, bytes_at(values + i)) : V::load_part(F32{}, bytes_at(values + i), n);
    const auto whole = V::sub(V::add(V::mul(v, by), rounder), rounder);
    sum = V::add(sum, whole);
    V::store(I8{}, n == V::kFloats ? codes + i : last, whole);
    if (n < V::kFloats) __builtin_memcpy(codes + i, last, n);
  }
  return static_cast<std::int32_t>(V::total(sum));
}

template <class V>
std::size_t select_below(const float* values, std::size_t count, float threshold, std::uint32_t* out) noexcept {
  std::size_t chosen = 0, i = 0;
  for (; i + V::kFloats <= count; i += V::kFloats) {
    const auto mask = V::at_most(V::load(F32{}, bytes_at(values + i)), threshold);
    if (mask) chosen += V::append(mask, static_cast<std::uint32_t>(i), out + chosen);
  }
  if (i < count) {
    const unsigned present = (1u << (count - i)) - 1;
    const auto mask = V::at_most(V::load_part(F32{}, bytes_at(values + i), count - i), threshold) & present;
    if (mask) chosen += V::append(mask, static_cast<std::uint32_t>(i), out + chosen);
  }
  return chosen;
}

// Writes first + position of each set bit, ascending; the way of levels without a compressing store.
QUIVER_INLINE std::size_t append_bits(unsigned mask, std::uint32_t first, std::uint32_t* out) noexcept {
  std::size_t n = 0;
  for (; mask; mask &= mask - 1) out[n++] = first + static_cast<std::uint32_t>(__builtin_ctz(mask));
  return n;
}

// The least of every lane first, then the first vector that holds the least of all, sought four vectors at a time. The
// last vector overlaps the one before it, which neither minds. V::min(a, b) is b where a is NaN, so a NaN is never
// least.
template <class V>
std::size_t least(const float* values, std::size_t count) noexcept {
  constexpr std::size_t kStep = V::kFloats, kTurn = 4 * kStep;
  if (count < kStep) {
    std::size_t at = 0;
    for (std::size_t i = 1; i < count; ++i) at = values[i] < values[at] || values[at] != values[at] ? i : at;
    return at;
  }
  const auto load = [=](std::size_t i) { return V::load(F32{}, bytes_at(values + i)); };
  const auto start = [=](std::size_t i) { return i + kStep <= count ? i : count - kStep; };
  const auto infinity = V::fill(__builtin_inff());
  const auto least_of_turn = [=](std::size_t i) {
    auto low = infinity;
    QUIVER_UNROLL
    for (std::size_t u = 0; u < 4; ++u) low = V::min(load(i + u * kStep), low);
    return low;
  };
  auto low = infinity;
  std::size_t i = 0;
  for (; i + kTurn <= count; i += kTurn) low = V::min(least_of_turn(i), low);
  for (; i < count; i += kStep) low = V::min(load(start(i)), low);
  const float all = V::lowest(low);
  for (i = 0; i + kTurn <= count && V::at_most(least_of_turn(i), all) == 0;) i += kTurn;
  for (; i < count; i += kStep) {
    const unsigned mask = V::at_most(load(start(i)), all);
    if (mask != 0) return start(i) + static_cast<std::size_t>(__builtin_ctz(mask));
  }
  return 0;
}

// Independent chains of multiply-adds, enough of them to hide their latency; none touches memory.
template <class V>
float multiply_add(std::size_t rounds, std::size_t* operations) noexcept {
  constexpr std::size_t kChains = V::kUnroll > 1 ? 12 : 4;
  const auto scale = V::fill(0.999f), shift = V::fill(0.001f);
  typename V::Floats chain[kChains];
  QUIVER_UNROLL
  for (std::size_t c = 0; c < kChains; ++c)
    chain[c] = V::fill(static_cast<float>(c));  // all different, or they are one chain
  for (std::size_t round = 0; round < rounds; ++round) {
    QUIVER_UNROLL
    for (std::size_t c = 0; c < kChains; ++c) chain[c] = V::fma(chain[c], scale, shift);
  }
  float sum = 0;
  QUIVER_UNROLL
  for (std::size_t c = 0; c < kChains; ++c) sum += V::total(chain[c]);
  *operations = rounds * kChains * V::kFloats * 2;
  return sum;
}

template <class V>
std::uint64_t stream_read(const void* data, std::size_t count) noexcept {
  constexpr std::size_t kUnroll = 4, kStep = V::kBytes;
  const auto* p = static_cast<const std::byte*>(data);
  auto s0 = V::zero_ints(), s1 = s0, s2 = s0, s3 = s0;
  std::size_t i = 0;
  for (; i + kUnroll * kStep <= count; i += kUnroll * kStep) {
    s0 = V::add_words64(s0, p + i);
    s1 = V::add_words64(s1, p + i + kStep);
    s2 = V::add_words64(s2, p + i + 2 * kStep);
    s3 = V::add_words64(s3, p + i + 3 * kStep);
  }
  std::uint64_t lanes[4 * kStep / 8], total = 0;
  __builtin_memcpy(lanes, &s0, kStep);
  __builtin_memcpy(lanes + kStep / 8, &s1, kStep);
  __builtin_memcpy(lanes + 2 * (kStep / 8), &s2, kStep);
  __builtin_memcpy(lanes + 3 * (kStep / 8), &s3, kStep);
  for (const std::uint64_t lane : lanes) total += lane;
  for (; i < count; i += 8) {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, p + i, count - i < 8 ? count - i : 8);
    total += word;
  }
  return total;
}

}  // namespace
}  // namespace quiver::simd
