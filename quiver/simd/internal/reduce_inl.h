// What is added up over coordinates and what becomes of the sum: the Reduce choice of block_inl.h.
//
// A Reduce has Sum, zero, add, step(sum, query vector, row vector), kUnroll, and finish(sums of R rows, context, out),
// where prepare(query, units) made the context once per block. Kinds say what the vectors hold; on one kind
//   square(s, q, r)  s + (q - r)^2     product(s, q, r)  s + q r     distance(s, q, r)  s + |q - r|
//   unequal(s, q, r) s + [q != r]      self(s, r)        s + r^2
// and the five metrics are written once in these words.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quiver/simd/internal/block_inl.h"

namespace quiver::simd {
namespace {

template <class V>
struct Real {
  using Sum = typename V::Floats;
  using Total = float;
  using Vector = typename V::Floats;
  QUIVER_INLINE static Sum zero() noexcept { return V::zero_floats(); }
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept {
    const Vector d = V::sub(q, r);
    return V::fma(d, d, s);
  }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept { return V::fma(q, r, s); }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return V::fma(r, r, s); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return V::add(s, V::abs(V::sub(q, r))); }
  QUIVER_INLINE static Sum unequal(Sum s, Vector q, Vector r) noexcept { return V::count_unequal(s, q, r); }
};

template <class V>
struct Integer {
  using Sum = typename V::Ints;
  using Total = std::int32_t;
  using Vector = typename V::Bytes;
  QUIVER_INLINE static Sum zero() noexcept { return V::zero_ints(); }
  QUIVER_INLINE static Sum unequal(Sum s, Vector q, Vector r) noexcept { return V::count_unequal(s, q, r); }
};

template <class V>
struct Unsigned : Integer<V> {
  using typename Integer<V>::Sum, typename Integer<V>::Vector;
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept {
    const auto d = V::sub(V::unsigned_words(q), V::unsigned_words(r));
    return V::madd(s, d, d);
  }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept {
    return V::madd(s, V::unsigned_words(q), V::unsigned_words(r));
  }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return product(s, r, r); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return V::sad(s, q, r); }
};

// Differences of signed bytes are those of the bytes with 128 added, which is a flip of the top bit.
template <class V>
struct Signed : Integer<V> {
  using typename Integer<V>::Sum, typename Integer<V>::Vector;
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept {
    return Unsigned<V>::square(s, V::flip(q), V::flip(r));
  }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept {
    return V::madd(s, V::signed_words(q), V::signed_words(r));
  }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return product(s, r, r); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return V::sad(s, V::flip(q), V::flip(r)); }
};

// Signed query, unsigned codes.
template <class V>
struct Mixed : Integer<V> {
  using typename Integer<V>::Sum, typename Integer<V>::Vector;
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept {
    return V::madd(s, V::signed_words(q), V::unsigned_words(r));
  }
};

// Eight 0/1 coordinates a byte: squares, distances and inequality are one and the same.
template <class V>
struct Bits : Integer<V> {
  using typename Integer<V>::Sum, typename Integer<V>::Vector;
  QUIVER_INLINE static Sum unequal(Sum s, Vector q, Vector r) noexcept { return V::popcount(s, V::bit_xor(q, r)); }
  QUIVER_INLINE static Sum square(Sum s, Vector q, Vector r) noexcept { return unequal(s, q, r); }
  QUIVER_INLINE static Sum distance(Sum s, Vector q, Vector r) noexcept { return unequal(s, q, r); }
  QUIVER_INLINE static Sum product(Sum s, Vector q, Vector r) noexcept { return V::popcount(s, V::bit_and(q, r)); }
  QUIVER_INLINE static Sum self(Sum s, Vector r) noexcept { return V::popcount(s, r); }
};

struct NoContext {};

// The lanes of each vector added up. Four at once share their shuffles; both ways add in the same order.
template <class V, std::size_t R, class Vector, class Scalar>
QUIVER_INLINE void totals(const Vector (&sum)[R], Scalar (&out)[R]) noexcept {
  if constexpr (R == 4) {
    V::total4(sum, out);
  } else {
    for (std::size_t r = 0; r < R; ++r) out[r] = V::total(sum[r]);
  }
}

// Everything but `step` and `finish` of a reduction with one sum.
template <class V, class Kind>
struct OneSum {
  using Sum = typename Kind::Sum;
  using Vector = typename Kind::Vector;
  static constexpr std::size_t kUnroll = V::kUnroll;
  QUIVER_INLINE static Sum zero() noexcept { return Kind::zero(); }
  QUIVER_INLINE static Sum add(Sum a, Sum b) noexcept { return V::add(a, b); }
  template <class Load>
  QUIVER_INLINE static NoContext prepare(const std::byte*, std::size_t) noexcept {
    return {};
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], NoContext, float* out) noexcept {
    typename Kind::Total total[R];
    totals<V>(sum, total);
    for (std::size_t r = 0; r < R; ++r) out[r] = static_cast<float>(total[r]);
  }
};

template <class V, class Kind>
struct L2 : OneSum<V, Kind> {
  using typename OneSum<V, Kind>::Sum, typename OneSum<V, Kind>::Vector;
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept { s = Kind::square(s, q, r); }
};

template <class V, class Kind>
struct Manhattan : OneSum<V, Kind> {
  using typename OneSum<V, Kind>::Sum, typename OneSum<V, Kind>::Vector;
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept { s = Kind::distance(s, q, r); }
};

template <class V, class Kind>
struct Hamming : OneSum<V, Kind> {
  using typename OneSum<V, Kind>::Sum, typename OneSum<V, Kind>::Vector;
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept { s = Kind::unequal(s, q, r); }
};

template <class V, class Kind>
struct Product : OneSum<V, Kind> {  // sum of q_i r_i
  using typename OneSum<V, Kind>::Sum, typename OneSum<V, Kind>::Vector;
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept { s = Kind::product(s, q, r); }
};

template <class V, class Kind>
struct Dot : Product<V, Kind> {  // its negative: smaller is closer
  using typename OneSum<V, Kind>::Sum;
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], NoContext context, float* out) noexcept {
    Product<V, Kind>::finish(sum, context, out);
    for (std::size_t r = 0; r < R; ++r) out[r] = -out[r];
  }
};

// The query's own norm comes from the same sum over the query as its own row, so that a row equal to the query is at
// distance exactly 0.
template <class V, class Kind>
struct Cosine {
  struct Sum {
    typename Kind::Sum product, norm;
  };
  using Vector = typename Kind::Vector;
  static constexpr std::size_t kUnroll = V::kUnroll > 1 ? V::kUnroll / 2 : 1;  // two registers each
  QUIVER_INLINE static Sum zero() noexcept { return {Kind::zero(), Kind::zero()}; }
  QUIVER_INLINE static Sum add(Sum a, Sum b) noexcept { return {V::add(a.product, b.product), V::add(a.norm, b.norm)}; }
  QUIVER_INLINE static void step(Sum& s, Vector q, Vector r) noexcept {
    s.product = Kind::product(s.product, q, r);
    s.norm = Kind::self(s.norm, r);
  }
  template <class Load>
  QUIVER_INLINE static double prepare(const std::byte* query, std::size_t units) noexcept {
    const std::byte* const row[1] = {query};
    Sum total[1];
    accumulate<Load, Cosine, 1>(query, row, {}, units, total);
    return static_cast<double>(V::total(total[0].norm));
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], double query_norm, float* out) noexcept {
    typename Kind::Sum products[R], norms[R];
    for (std::size_t r = 0; r < R; ++r) products[r] = sum[r].product, norms[r] = sum[r].norm;
    typename Kind::Total product[R], norm[R];
    totals<V>(products, product);
    totals<V>(norms, norm);
    for (std::size_t r = 0; r < R; ++r) {
      const double both = query_norm * static_cast<double>(norm[r]);
      out[r] = both == 0 ? 1.0f : static_cast<float>(1.0 - static_cast<double>(product[r]) / __builtin_sqrt(both));
    }
  }
};

// Products over blocks of several vectors (packed 4-bit rows). Sums are spread over two accumulators.
template <class V, class Kind>
struct BlockProduct {
  struct Sum {
    typename Kind::Sum v[2];
  };
  static constexpr std::size_t kUnroll = 1;
  QUIVER_INLINE static Sum zero() noexcept { return {{Kind::zero(), Kind::zero()}}; }
  QUIVER_INLINE static Sum add(Sum a, Sum b) noexcept { return {{V::add(a.v[0], b.v[0]), V::add(a.v[1], b.v[1])}}; }
  template <class Block>
  QUIVER_INLINE static void step(Sum& s, const Block& q, const Block& r) noexcept {
    QUIVER_UNROLL
    for (std::size_t k = 0; k < sizeof(q.v) / sizeof(q.v[0]); ++k)
      s.v[k % 2] = Kind::product(s.v[k % 2], q.v[k], r.v[k]);
  }
  template <class Load>
  QUIVER_INLINE static NoContext prepare(const std::byte*, std::size_t) noexcept {
    return {};
  }
  template <std::size_t R>
  QUIVER_INLINE static void finish(const Sum (&sum)[R], NoContext context, float* out) noexcept {
    typename Kind::Sum both[R];
    for (std::size_t r = 0; r < R; ++r) both[r] = V::add(sum[r].v[0], sum[r].v[1]);
    OneSum<V, Kind>::finish(both, context, out);
  }
};

}  // namespace
}  // namespace quiver::simd
