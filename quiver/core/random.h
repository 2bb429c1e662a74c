// Random: the only source of randomness. Counter-based (Philox 4x32-10; Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011): the n-th draw of (seed, stream) is a pure function of those three numbers, the same on
// every platform and library, so any row, batch or thread can have its own stream without coordination.
//
//   Random random(run.seed(), /*stream=*/batch);
//   std::size_t i = random.below(rows);      // uniform, unbiased
//   float x = random.normal();               // mean 0, variance 1
//
// Streams of one seed are independent; name yours by what it is for: stream_of("sampler").
// Thread-safety: one owner; make one per thread or item. Cost: about 3 ns a draw.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quiver {

// A stable 64-bit number for a name, to keep the streams of different parts apart.
std::uint64_t stream_of(std::string_view name) noexcept;
// A well-mixed 64-bit number of two (splitmix64 finaliser): hashes, derived seeds.
std::uint64_t mix(std::uint64_t a, std::uint64_t b = 0) noexcept;

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) noexcept;

  std::uint32_t u32() noexcept;
  std::uint64_t u64() noexcept { return (std::uint64_t{u32()} << 32) | u32(); }
  double uniform() noexcept { return static_cast<double>(u64() >> 11) * 0x1p-53; }  // [0, 1)
  float normal() noexcept;                                                          // Box-Muller, both halves used
  std::uint64_t below(std::uint64_t n) noexcept;                                    // [0, n), unbiased. Requires: n > 0

  template <class T>
  void shuffle(std::span<T> items) noexcept {  // Fisher-Yates
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }
  std::vector<std::uint32_t> permutation(std::uint32_t n);
  // `count` different numbers below n in rising order (all of them if count >= n).
  std::vector<std::uint32_t> sample(std::uint32_t n, std::uint32_t count);

  void skip_to(std::uint64_t block) noexcept;  // jump: the next draw is the first of that block of four

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t block_ = 0, stream_;
  std::array<std::uint32_t, 4> drawn_{};
  std::uint32_t used_ = 4;
  float spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace quiver
