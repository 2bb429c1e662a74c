// Mask: which rows a filtered search may return; a bit a row, and two ways to draw one of a given size.
//
//   const Mask some = Mask::scattered(60'000, 0.01, seed);           // independent of the vectors
//   QUIVER_TRY(const Mask near, Mask::region(base, 0.01, seed));     // the rows around one of them: correlated
//   QUIVER_TRY(some.save("mask.bits"));                              // bit i of byte i / 8, lowest bit first
//
// A region is the hard case for a graph: most queries come from elsewhere, and the rows near a query are all refused.
// Thread-safety: immutable.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/index/index.h"

namespace quiver::bench {

class Mask final : public RowFilter {
 public:
  static Mask scattered(std::size_t rows, double part, std::uint64_t seed);
  static Mask region(MatrixView base, double part, std::uint64_t seed);  // by squared L2
  static Result<Mask> open(const std::filesystem::path& path, std::size_t rows);
  Result<void> save(const std::filesystem::path& path) const;

  bool allows(std::uint32_t row) const noexcept override { return (bits_[row / 8] >> (row % 8) & 1U) != 0; }
  double selectivity() const noexcept override;
  std::size_t allowed() const noexcept { return allowed_; }

 private:
  Mask(std::size_t rows, const std::vector<std::uint32_t>& chosen);
  std::vector<std::uint8_t> bits_;
  std::size_t rows_ = 0, allowed_ = 0;
};

}  // namespace quiver::bench
