#include "quiver/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <unordered_map>

namespace quiver {
namespace {
using Block = std::array<std::uint32_t, 4>;

// Philox 4x32 with 10 rounds, constants of the paper.
Block philox(Block counter, std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}
}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t z = a + 0x9E3779B97F4A7C15 * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}
std::uint64_t stream_of(std::string_view name) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix(hash);
}

Random::Random(std::uint64_t seed, std::uint64_t stream) noexcept
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream_(stream) {}

std::uint32_t Random::u32() noexcept {
  if (used_ == 4) {
    drawn_ = philox({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32),
                     static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                    key_);
    ++block_;
    used_ = 0;
  }
  return drawn_[used_++];
}

void Random::skip_to(std::uint64_t block) noexcept {
  block_ = block;
  used_ = 4;
  has_spare_ = false;
}

float Random::normal() noexcept {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 - uniform() is in (0, 1]
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = static_cast<float>(radius * std::sin(angle));
  has_spare_ = true;
  return static_cast<float>(radius * std::cos(angle));
}

std::uint64_t Random::below(std::uint64_t n) noexcept {
  // Multiply-shift with rejection (Lemire 2019): unbiased, and almost never a second draw.
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{u64()} * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t floor = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < floor) product = Wide{u64()} * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::vector<std::uint32_t> Random::permutation(std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  shuffle(std::span(order));
  return order;
}

std::vector<std::uint32_t> Random::sample(std::uint32_t n, std::uint32_t count) {
  count = std::min(n, count);
  // A Fisher-Yates shuffle stopped after `count` steps; only displaced positions are remembered.
  std::unordered_map<std::uint32_t, std::uint32_t> displaced;
  std::vector<std::uint32_t> chosen(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto j = static_cast<std::uint32_t>(i + below(n - i));
    const auto at = [&](std::uint32_t p) { return displaced.contains(p) ? displaced[p] : p; };
    chosen[i] = at(j);
    displaced[j] = at(i);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace quiver
