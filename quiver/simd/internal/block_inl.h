// The one loop over a block of rows that every kernel of every level is made of.
//
// A kernel is three independent choices:
//   V       a level's primitives: vectors of floats, bytes and ints (scalar.cc, avx2.cc, avx512_inl.h, neon_inl.h)
//   Load    how coordinates become vectors: FloatRows, ByteRows, NibbleRows ... (load_inl.h)
//   Reduce  what is added up and what becomes of the sum: L2, Dot, Cosine ... (reduce_inl.h)
// and block<Load, Reduce> is the function put into the table.
//
// Shape: kRowsAtOnce rows share each load of the query; each row has Reduce::kUnroll accumulators, so that enough
// additions are in flight to hide their latency. A row alone (the last count % kRowsAtOnce) goes through the same
// accumulators in the same order: its result is bit for bit the one it would have had in company.
//
// Memory: while four rows are summed, the lines needed a few kilobytes later are fetched, past the block's end too when
// rows follow one another, for the next block starts there. Left to the hardware, which loses its streams at the end of
// every row, the same loops reach half of the bandwidth. Lines are asked for in one burst per group of rows, in the
// order of memory; Loads that spend their time unpacking (kSpread) ask between steps instead and so hide the wait.
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
#define QUIVER_ROLLED _Pragma("nounroll")
#else
#define QUIVER_UNROLL _Pragma("GCC unroll 16")
#define QUIVER_ROLLED _Pragma("GCC unroll 1")
#endif

namespace quiver::simd {
namespace {

constexpr std::size_t kRowsAtOnce = 4;
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kBytesAhead = 4096;  // of what is being read: about latency times bandwidth

// What to fetch while R rows are summed: the same bytes of `spans` rows of a later group, or, with rows that follow one
// another, one span of memory ahead that is `scale` rows long. A span is asked for by one instruction in a loop, line
// after line: processors follow the stride of an instruction.
template <std::size_t R>
struct Ahead {
  const std::byte* start[R];
  std::size_t spans, scale;
  // Bytes [first, last) of each row.
  QUIVER_INLINE void fetch(std::size_t first, std::size_t last) const noexcept {
    for (std::size_t s = 0; s < spans; ++s) {
      const std::byte* const end = start[s] + last * scale;
      QUIVER_ROLLED
      for (const std::byte* line = start[s] + first * scale; line < end; line += kCacheLine) __builtin_prefetch(line);
    }
  }
};

// Sums `units` coordinates of R rows against one query, and fetches what is ahead meanwhile if there are several.
// Cost: one pass.
template <class Load, class Reduce, std::size_t R>
QUIVER_INLINE void accumulate(const std::byte* query, const std::byte* const (&row)[R], const Ahead<R>& ahead,
                              std::size_t units, typename Reduce::Sum (&total)[R]) noexcept {
  constexpr std::size_t kUnroll = Reduce::kUnroll, kStep = Load::kStep, kTurnBytes = kUnroll * Load::kStepBytes;
  typename Reduce::Sum sum[R][kUnroll];
  QUIVER_UNROLL
  for (std::size_t r = 0; r < R; ++r) {
    QUIVER_UNROLL
    for (std::size_t u = 0; u < kUnroll; ++u) sum[r][u] = Reduce::zero();
  }
  if constexpr (R > 1 && !Load::kSpread) ahead.fetch(0, Load::row_bytes(units));
  std::size_t i = 0;
  [[maybe_unused]] std::size_t fetched = 0;
  for (; i + kUnroll * kStep <= units; i += kUnroll * kStep) {
    if constexpr (R > 1 && Load::kSpread) {
      ahead.fetch(fetched, fetched + kTurnBytes);
      fetched += kTurnBytes;
    }
    QUIVER_UNROLL
    for (std::size_t u = 0; u < kUnroll; ++u) {
      const auto q = Load::query(query, i + u * kStep);
      QUIVER_UNROLL
      for (std::size_t r = 0; r < R; ++r) Reduce::step(sum[r][u], q, Load::row(row[r], i + u * kStep));
    }
  }
  if constexpr (R > 1 && Load::kSpread) {
    ahead.fetch(fetched, Load::row_bytes(units));
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

template <class Load, class Reduce>
void block(const void* query_pointer, const std::byte* base, std::size_t stride, const std::uint32_t* rows,
           std::size_t count, std::size_t dims, float* out) noexcept {
  constexpr std::size_t R = kRowsAtOnce;
  const auto* query = static_cast<const std::byte*>(query_pointer);
  const std::size_t units = Load::units(dims), row_bytes = Load::row_bytes(units);
  const auto context = Reduce::template prepare<Load>(query, units);
  const auto at = [=](std::size_t i) { return base + stride * (rows ? rows[i] : i); };
  const std::size_t distance = Load::kSpread ? 2 * kBytesAhead + R * stride : kBytesAhead;
  const bool linear = !rows && stride < row_bytes + kCacheLine;
  // Otherwise rows are fetched so many groups ahead, the first of them here.
  const std::size_t early = R * (1 + kBytesAhead / 2 / (R * (row_bytes + kCacheLine)));
  for (std::size_t i = 0; !linear && i < early && i < count; ++i) {
    const Ahead<1> row = {{at(i)}, 1, 1};
    row.fetch(0, row_bytes < kBytesAhead / early ? row_bytes : kBytesAhead / early);
  }
  std::size_t i = 0;
  for (; i + R <= count; i += R) {
    const std::byte* row[R];
    Ahead<R> ahead;
    ahead.spans = linear ? 1 : R;
    ahead.scale = linear ? R : 1;
    for (std::size_t r = 0; r < R; ++r) {
      const std::size_t later = i + r + early;
      row[r] = at(i + r);
      ahead.start[r] = linear ? row[0] + distance : at(later < count ? later : count - 1);
    }
    typename Reduce::Sum total[R];
    accumulate<Load, Reduce, R>(query, row, ahead, units, total);
    Reduce::finish(total, context, out + i);
  }
  for (; i < count; ++i) {
    const std::byte* const row[1] = {at(i)};
    typename Reduce::Sum total[1];
    accumulate<Load, Reduce, 1>(query, row, {}, units, total);
    Reduce::finish(total, context, out + i);
  }
}

}  // namespace
}  // namespace quiver::simd
