// Near rows of every row, approximately and cheaply: rows fall into overlapping leaves of about a thousand, and every
// leaf compares all its rows by one matrix product (after "PiPNN", 2025: leaves by random leaders, each row kept by the
// nearest few). What one leaf misses at its border another one finds.
//
//   NearLists near(points, 64);
//   QUIVER_TRY(near.gather({.leaf = 1000, .fanout = 3, .rounds = 2}, run));
//   near.of(i)                                // at most 64 hits, closest first, without i itself
//
// Thread-safety: gather() uses the run's threads, of() is for readers afterwards. The same seed gives the same lists
// whatever the threads. Cost: about 2 * dims * leaf * fanout * rounds products a row.
#pragma once
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/run.h"
#include "quiver/core/top_k.h"

namespace quiver::internal {

struct NearOptions {
  std::size_t leaf = 1000, fanout = 3, rounds = 2;
};

class NearLists {
 public:
  NearLists(MatrixView points, std::size_t length);
  Result<void> gather(const NearOptions& options, Run& run);  // Errors: Cancelled
  std::span<const Hit> of(std::size_t row) const noexcept { return {hits_.data() + row * length_, counts_[row]}; }

 private:
  using Leaf = std::vector<std::uint32_t>;
  void carve(Leaf rows, std::size_t fanout, const NearOptions& options, std::uint64_t stream, Run& run,
             std::vector<Leaf>& leaves) const;
  void compare(const Leaf& leaf, Run& run);
  void offer(std::size_t row, Hit hit) noexcept;

  MatrixView points_;
  std::size_t length_;
  std::vector<float> norms_;
  std::vector<Hit> hits_;  // `length` a row
  std::vector<std::uint32_t> counts_;
};

}  // namespace quiver::internal
