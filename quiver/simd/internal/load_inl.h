// How the coordinates of a query and of rows become vectors: the Load choice of block_inl.h.
//
// A Load has kStep units in kStepBytes of a row a step (a unit is a coordinate, or a byte of eight bits), units(dims),
// row_bytes(units), and
// query/row (a whole step at unit i) with query_part/row_part (the last n < kStep units, the rest of the vector zero).
// Requires of V: load(Tag, p) and load_part(Tag, p, n) to Floats for F32, F16, Bf16 and Code; load_bytes,
// load_bytes_part; float_nibbles and nibbles.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quiver/simd/internal/block_inl.h"

namespace quiver::simd {
namespace {

// The first n < 16 bytes at p in two words, the rest zero, from at most four loads of fixed size: how levels without
// masked loads read the end of a row.
struct WordPair {
  std::uint64_t low, high;
};

QUIVER_INLINE WordPair first_words(const std::byte* p, std::size_t n) noexcept {
  if (n >= 8) {
    std::uint64_t low, high;
    __builtin_memcpy(&low, p, 8);
    __builtin_memcpy(&high, p + n - 8, 8);  // overlaps; shifted down to what follows `low`
    return {low, n == 8 ? 0 : high >> (8 * (16 - n))};
  }
  std::uint64_t word = 0;
  if (n >= 4) {
    std::uint32_t low, high;
    __builtin_memcpy(&low, p, 4);
    __builtin_memcpy(&high, p + n - 4, 4);
    word = low | static_cast<std::uint64_t>(high) << (8 * (n - 4));
  } else {
    for (std::size_t i = 0; i < n; ++i) word |= static_cast<std::uint64_t>(p[i]) << (8 * i);
  }
  return {word, 0};
}

// What is stored.
struct F32 {
  static constexpr std::size_t kBytes = 4;
};
struct F16 {
  static constexpr std::size_t kBytes = 2;
};
struct Bf16 {
  static constexpr std::size_t kBytes = 2;
};
struct I8 {
  static constexpr std::size_t kBytes = 1;
};  // written from floats that are whole numbers of that range
struct Code {
  static constexpr std::size_t kBytes = 1;
};  // u8 read as a float

template <class V, class QueryTag, class RowTag = QueryTag>
struct FloatRows {
  using Floats = typename V::Floats;
  static constexpr std::size_t kStep = V::kFloats, kStepBytes = kStep * RowTag::kBytes;
  static constexpr bool kSpread = RowTag::kBytes == 1;
  static std::size_t units(std::size_t dims) noexcept { return dims; }
  static std::size_t row_bytes(std::size_t units) noexcept { return units * RowTag::kBytes; }
  QUIVER_INLINE static Floats query(const std::byte* p, std::size_t i) noexcept {
    return V::load(QueryTag{}, p + i * QueryTag::kBytes);
  }
  QUIVER_INLINE static Floats query_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return V::load_part(QueryTag{}, p + i * QueryTag::kBytes, n);
  }
  QUIVER_INLINE static Floats row(const std::byte* p, std::size_t i) noexcept {
    return V::load(RowTag{}, p + i * RowTag::kBytes);
  }
  QUIVER_INLINE static Floats row_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return V::load_part(RowTag{}, p + i * RowTag::kBytes, n);
  }
};

// Bytes as they are: 8-bit coordinates, or with kBits eight 0/1 coordinates a byte.
template <class V, bool kBits = false>
struct ByteRows {
  using Bytes = typename V::Bytes;
  static constexpr std::size_t kStep = V::kBytes, kStepBytes = kStep;
  static constexpr bool kSpread = false;
  static std::size_t units(std::size_t dims) noexcept { return kBits ? (dims + 7) / 8 : dims; }
  static std::size_t row_bytes(std::size_t units) noexcept { return units; }
  QUIVER_INLINE static Bytes query(const std::byte* p, std::size_t i) noexcept { return V::load_bytes(p + i); }
  QUIVER_INLINE static Bytes query_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return V::load_bytes_part(p + i, n);
  }
  QUIVER_INLINE static Bytes row(const std::byte* p, std::size_t i) noexcept { return V::load_bytes(p + i); }
  QUIVER_INLINE static Bytes row_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    return V::load_bytes_part(p + i, n);
  }
};

// Packed 4-bit rows (quiver/simd/packed_u4.h): a step is a block of 64 codes, held as several vectors. Vector k of the
// first half of the block comes from low nibbles, vector k of the second half from the same bytes' high nibbles.
constexpr std::size_t kNibbleBlock = 64;

QUIVER_INLINE std::size_t nibble_half(std::size_t n) noexcept { return (n + 1) / 2; }
QUIVER_INLINE std::size_t past(std::size_t n, std::size_t start) noexcept { return n > start ? n - start : 0; }

template <class V>
struct FloatNibbleRows {
  static constexpr std::size_t kStep = kNibbleBlock, kStepBytes = kNibbleBlock / 2;
  static constexpr bool kSpread = true;
  static constexpr std::size_t kHalf = kNibbleBlock / 2 / V::kFloats;  // vectors in half a block
  struct Block {
    typename V::Floats v[2 * kHalf];
  };
  static std::size_t units(std::size_t dims) noexcept { return dims; }
  static std::size_t row_bytes(std::size_t units) noexcept { return nibble_half(units); }
  QUIVER_INLINE static Block query(const std::byte* p, std::size_t i) noexcept {
    Block q;
    QUIVER_UNROLL
    for (std::size_t k = 0; k < 2 * kHalf; ++k) q.v[k] = V::load(F32{}, p + (i + k * V::kFloats) * F32::kBytes);
    return q;
  }
  QUIVER_INLINE static Block query_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    const std::size_t half = nibble_half(n);
    Block q;
    for (std::size_t k = 0; k < kHalf; ++k) {
      const std::size_t start = k * V::kFloats;
      q.v[k] = V::load_some(F32{}, p + (i + start) * F32::kBytes, past(half, start));
      q.v[kHalf + k] = V::load_some(F32{}, p + (i + half + start) * F32::kBytes, past(n - half, start));
    }
    return q;
  }
  QUIVER_INLINE static Block row(const std::byte* p, std::size_t i) noexcept {
    Block r;
    QUIVER_UNROLL
    for (std::size_t k = 0; k < kHalf; ++k)
      V::float_nibbles(p + i / 2 + k * V::kFloats, V::kFloats, r.v[k], r.v[kHalf + k]);
    return r;
  }
  QUIVER_INLINE static Block row_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    Block r;
    for (std::size_t k = 0; k < kHalf; ++k) {
      const std::size_t start = k * V::kFloats;
      V::float_nibbles(p + i / 2 + start, past(nibble_half(n), start), r.v[k], r.v[kHalf + k]);
    }
    return r;
  }
};

template <class V>
struct ByteNibbleRows {
  static constexpr std::size_t kStep = kNibbleBlock, kStepBytes = kNibbleBlock / 2;
  static constexpr bool kSpread = true;
  struct Block {
    typename V::Bytes v[kNibbleBlock / V::kBytes];
  };
  static std::size_t units(std::size_t dims) noexcept { return dims; }
  static std::size_t row_bytes(std::size_t units) noexcept { return nibble_half(units); }
  QUIVER_INLINE static Block query(const std::byte* p, std::size_t i) noexcept {
    return query_part(p, i, kNibbleBlock);
  }
  QUIVER_INLINE static Block query_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    const std::size_t half = nibble_half(n);
    Block q;
    V::halves(p + i, half, p + i + half, n - half, q.v);
    return q;
  }
  QUIVER_INLINE static Block row(const std::byte* p, std::size_t i) noexcept { return row_part(p, i, kNibbleBlock); }
  QUIVER_INLINE static Block row_part(const std::byte* p, std::size_t i, std::size_t n) noexcept {
    Block r;
    V::nibbles(p + i / 2, nibble_half(n), r.v);
    return r;
  }
};

}  // namespace
}  // namespace quiver::simd
