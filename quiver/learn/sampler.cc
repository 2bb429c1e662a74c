#include "quiver/learn/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "quiver/core/check.h"
#include "quiver/core/random.h"

namespace quiver::learn {

KeyedPermutation::KeyedPermutation(std::uint64_t n, std::uint64_t key) noexcept : n_(n), key_(key) {
  QUIVER_CHECK(n > 0);
  half_bits_ = std::max(1U, (static_cast<unsigned>(std::bit_width(n - 1)) + 1) / 2);
}

std::uint64_t KeyedPermutation::operator()(std::uint64_t i) const noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  do {  // the network permutes the next power of four; walk until it lands below n
    std::uint64_t left = i >> half_bits_, right = i & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t next = left ^ (mix(key_ + round, right) & mask);
      left = right;
      right = next;
    }
    i = (left << half_bits_) | right;
  } while (i >= n_);
  return i;
}

Result<PairSampler> PairSampler::create(std::vector<std::uint32_t> groups, const SamplerOptions& options) {
  if (options.batch == 0) return Error::invalid_argument("sampling batches of 0 rows; take at least 1");
  const std::size_t distinct = std::unordered_set<std::uint32_t>(groups.begin(), groups.end()).size();
  if (distinct < options.batch) {
    return Error::invalid_argument(fmt::format(
        "sampling '{}': a batch of {} needs as many different groups, the {} rows have {}; take a smaller batch",
        options.name, options.batch, groups.size(), distinct));
  }
  PairSampler sampler;
  sampler.groups_ = std::move(groups);
  sampler.batch_ = options.batch;
  sampler.key_ = mix(options.seed, stream_of(options.name));
  return sampler;
}

void PairSampler::draw(std::uint64_t step, std::vector<std::uint32_t>& rows) const {
  rows.clear();
  std::unordered_set<std::uint32_t> taken(2 * std::size_t{batch_});
  Random spare(key_, step);  // for the places of rows whose group is already there
  const std::uint64_t n = groups_.size();
  for (std::uint64_t place = step * batch_; place < (step + 1) * batch_; ++place) {
    auto row = static_cast<std::uint32_t>(KeyedPermutation(n, mix(key_, place / n))(place % n));
    while (!taken.insert(groups_[row]).second) row = static_cast<std::uint32_t>(spare.below(n));
    rows.push_back(row);
  }
}

}  // namespace quiver::learn
