// NeighbourCode: 4-bit product codes for the directions from a graph's row to its neighbours, in the layout that
// simd/neighbours.h scans. The coordinates are cut into groups of neighbouring dimensions so that the bits go where the
// directions vary: few dimensions a group in front, where a projection puts the variance, many or none behind.
//
//   const NeighbourCode code = NeighbourCode::fit(directions, 48, run);      // unit vectors (n, dims)
//   code.tables(query, scratch);                                             // once a query: <query, centroid>
//   code.encode(direction, scratch, codes);                                  // the nearest centroid of every group
//
// The cut minimises the sum over groups of n dims of n * (geometric mean of their variances) * kShare[n], the
// distortion of 16 centroids for n Gaussian coordinates, by dynamic programming; where a group's last variances are
// below what its first ones leave, they count in full instead. Dimensions behind the last group are not coded.
// Thread-safety: immutable; scratch has one owner. Cost: tables 16 * dims products; fit 12 times that a direction.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "quiver/core/container.h"
#include "quiver/core/matrix.h"
#include "quiver/core/run.h"
#include "quiver/simd/neighbours.h"

namespace quiver::internal {

class NeighbourCode {
 public:
  // What one query, or one row, leaves behind: products with all centroids, and the bytes that a scan looks up.
  class Scratch {
   public:
    const simd::NeighbourTables& tables() const noexcept { return tables_; }
    // <the vector, the decoded codes>, in float.
    float dot(const std::uint8_t* codes) const noexcept;

   private:
    friend class NeighbourCode;
    void make_room(std::size_t groups);
    Matrix values_;  // (1, 16 groups): of products() as they are, of tables() above the least of their group
    AlignedBytes entries_;
    simd::NeighbourTables tables_;
  };

  NeighbourCode() = default;
  // Requires: groups a multiple of 4, at most simd::kMaxGroups; directions of at least one row.
  static NeighbourCode fit(MatrixView directions, std::size_t groups, Run& run);

  std::size_t groups() const noexcept { return starts_.empty() ? 0 : starts_.size() - 1; }
  std::size_t coded_dims() const noexcept { return starts_.empty() ? 0 : starts_.back(); }

  void tables(const float* query, Scratch& scratch) const noexcept;
  // Only what Scratch::dot() needs, without bytes for a scan.
  void products(const float* vector, Scratch& scratch) const noexcept;
  // codes: one byte a group, below 16. Leaves the direction's products in `scratch`.
  void encode(const float* direction, Scratch& scratch, std::uint8_t* codes) const noexcept;

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<NeighbourCode> load(const Container& file, std::string_view prefix);

 private:
  void measure();  // half_norms_ of centroids_
  void improve(MatrixView directions, Run& run);
  std::vector<std::uint16_t> starts_;  // group g owns dimensions starts_[g] .. starts_[g + 1] - 1
  std::vector<float> centroids_;       // 16 a dimension
  std::vector<float> half_norms_;      // |centroid|^2 / 2, 16 a group
};

}  // namespace quiver::internal
