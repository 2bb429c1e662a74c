// The one loop over a block of rows that every kernel of every level is made of.
//
// A kernel is three independent choices:
//   V       a level's primitives: vectors of floats, bytes and ints (scalar.cc, avx2_inl.h, avx512_inl.h)
//   Load    how coordinates become vectors: FloatRows, ByteRows, NibbleRows ... (load_inl.h)
//   Reduce  what is added up and what becomes of the sum: L2, Dot, Cosine ... (reduce_inl.h)
// and block<Load, Reduce> is the function put into the table.
//
// Shape: kRowsAtOnce rows share each load of the query; each row has Reduce::kUnroll accumulators, so that enough
// additions are in flight to hide their latency. A row alone (the last count % kRowsAtOnce) goes through the same
// accumulators in the same order: its result is bit for bit the one it would have had in company.
//
// Every name here and in the other *_inl.h is in an unnamed namespace: each file that includes them is compiled with
// its own instruction set, and no function of one may be merged by the linker with that of another. For the same
// reason these headers use no standard library templates.
#pragma once

#include <cstddef>
#include <cstdint>

#define QUIVER_INLINE [[gnu::always_inline]] inline
#if defined(__clang__)
#define QUIVER_UNROLL _Pragma("unroll")
#else
#define QUIVER_UNROLL _Pragma("GCC unroll 16")
#endif

namespace quiver::simd {
namespace {

constexpr std::size_t kRowsAtOnce = 4;
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kPrefetchLines = 8;   // of each row ahead; further lines are left to the hardware's streams
constexpr std::size_t kLinesInFlight = 32;  // fetched ahead at any time, in whole groups of rows

// Sums `units` coordinates of R rows against one query. Cost: one pass.
template <class Load, class Reduce, std::size_t R>
QUIVER_INLINE void accumulate(const std::byte* query, const std::byte* const (&row)[R], std::size_t units,
                              typename Reduce::Sum (&total)[R]) noexcept {
  constexpr std::size_t kUnroll = Reduce::kUnroll, kStep = Load::kStep;
  typename Reduce::Sum sum[R][kUnroll];
  QUIVER_UNROLL
  for (std::size_t r = 0; r < R; ++r) {
    QUIVER_UNROLL
    for (std::size_t u = 0; u < kUnroll; ++u) sum[r][u] = Reduce::zero();
  }
  std::size_t i = 0;
  for (; i + kUnroll * kStep <= units; i += kUnroll * kStep) {
    QUIVER_UNROLL
    for (std::size_t u = 0; u < kUnroll; ++u) {
      const auto q = Load::query(query, i + u * kStep);
      QUIVER_UNROLL
      for (std::size_t r = 0; r < R; ++r) Reduce::step(sum[r][u], q, Load::row(row[r], i + u * kStep));
    }
  }
  QUIVER_UNROLL
  for (std::size_t u = 0; u + 1 < kUnroll; ++u) {
    if (i + kStep > units) break;
    const auto q = Load::query(query, i);
    QUIVER_UNROLL
    for (std::size_t r = 0; r < R; ++r) Reduce::step(sum[r][u], q, Load::row(row[r], i));
    i += kStep;
  }
  if (i < units) {
    const auto q = Load::query_part(query, i, units - i);
    QUIVER_UNROLL
    for (std::size_t r = 0; r < R; ++r) Reduce::step(sum[r][kUnroll - 1], q, Load::row_part(row[r], i, units - i));
  }
  QUIVER_UNROLL
  for (std::size_t r = 0; r < R; ++r) {
    QUIVER_UNROLL
    for (std::size_t width = kUnroll / 2; width > 0; width /= 2) {
      QUIVER_UNROLL
      for (std::size_t u = 0; u < width; ++u) sum[r][u] = Reduce::add(sum[r][u], sum[r][u + width]);
    }
    total[r] = sum[r][0];
  }
}

QUIVER_INLINE std::size_t lines_ahead(std::size_t row_bytes) noexcept {
  const std::size_t lines = row_bytes / kCacheLine + 1;
  return lines < kPrefetchLines ? lines : kPrefetchLines;
}

QUIVER_INLINE void prefetch_row(const std::byte* row, std::size_t lines) noexcept {
  for (std::size_t line = 0; line < lines; ++line) __builtin_prefetch(row + line * kCacheLine);
}

template <class Load, class Reduce>
void block(const void* query_pointer, const std::byte* base, std::size_t stride, const std::uint32_t* rows,
           std::size_t count, std::size_t dims, float* out) noexcept {
  constexpr std::size_t R = kRowsAtOnce;
  const auto* query = static_cast<const std::byte*>(query_pointer);
  const std::size_t units = Load::units(dims);
  const auto context = Reduce::template prepare<Load>(query, units);
  const auto at = [=](std::size_t i) { return base + stride * (rows ? rows[i] : i); };
  // Rows by number are fetched ahead here; rows in order, by the hardware.
  const std::size_t lines = lines_ahead(Load::row_bytes(units));
  std::size_t fetched = 0;
  const auto fetch_to = [&](std::size_t end) {
    for (; fetched < end && fetched < count; ++fetched) prefetch_row(at(fetched), lines);
  };
  const std::size_t ahead = R * (lines * R >= kLinesInFlight ? 1 : kLinesInFlight / (lines * R));
  std::size_t i = 0;
  for (; i + R <= count; i += R) {
    if (rows) fetch_to(i + R + ahead);
    const std::byte* const row[R] = {at(i), at(i + 1), at(i + 2), at(i + 3)};
    typename Reduce::Sum total[R];
    accumulate<Load, Reduce, R>(query, row, units, total);
    Reduce::finish(total, context, out + i);
  }
  for (; i < count; ++i) {
    const std::byte* const row[1] = {at(i)};
    typename Reduce::Sum total[1];
    accumulate<Load, Reduce, 1>(query, row, units, total);
    Reduce::finish(total, context, out + i);
  }
}

}  // namespace
}  // namespace quiver::simd
