// Codebooks: what product and residual codes share. The coordinates are cut into groups; every group is coded in
// stages, each of which picks one of a codebook's centroids for what the stages before it left over:
//
//   x_g ~ c_{g,0} + c_{g,1} + ...          code (g, s): which centroid of c_{g,s}
//
// One stage is a product code, one group a residual code. One stage takes the nearest centroid. Several are searched by
// a beam: of all ways to extend the kBeam best sums by one more stage the kBeam best go on, and one of them is always
// the greedy one, nearest centroid after nearest centroid, so that the sum found is never worse than that.
//
//   QUIVER_TRY(const Codebooks books, Codebooks::learn({.dims = 96, .groups = 12}, rows, seed, run));
//   books.encode(row, codes, scratch);  books.decode(codes, out);
//
// Values lie group by group, in a group stage by stage, in a stage centroid by centroid. Codes lie the same way.
// Learning: k-means per codebook (kmeans.h) on a sample of the rows (CodebookShape::learning_rows), for a later stage
// on what the nearest centroids of the earlier ones leave of it; seeds are those of the codebook's position, so that
// equal shapes learn alike.
//
// Thread-safety: immutable. Cost: encode stages * centroids * dims operations a row, kBeam times that for several
// stages.
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver::internal {

inline constexpr std::size_t kBeam = 4;
inline constexpr std::size_t kMostStages = 64;

struct CodebookShape {
  std::size_t dims = 0, groups = 1, stages = 1, centroids = 256;  // stages <= kMostStages
  std::size_t codes() const noexcept { return groups * stages; }
  std::size_t values() const noexcept { return stages * centroids * dims; }
  // Groups differ by at most one coordinate in width. Requires: groups <= dims.
  std::size_t begin(std::size_t group) const noexcept { return group * dims / groups; }
  std::size_t width(std::size_t group) const noexcept { return begin(group + 1) - begin(group); }
  // Rows that are learned from, at most. The later stages' codebooks are nearly noise, which few rows would be learned
  // by heart (rq(16) on 100,000 SIFT rows: recall@10 0.53 from 16384 rows, 0.64 from 65536); 256 MiB hold them in any
  // case.
  std::size_t learning_rows() const noexcept {
    constexpr std::size_t kOneStage = 16384, kSeveralStages = 65536, kFloats = std::size_t{1} << 26;
    return stages == 1 ? kOneStage : std::clamp(kFloats / std::max<std::size_t>(dims, 1), kOneStage, kSeveralStages);
  }
};

class Codebooks {
 public:
  explicit Codebooks(CodebookShape shape, std::vector<float> values = {}) : shape_(shape), values_(std::move(values)) {}
  // `iterations` of k-means a codebook. Errors: Cancelled.
  static Result<Codebooks> learn(const CodebookShape& shape, MatrixView rows, std::uint64_t seed, Run& run,
                                 std::size_t iterations = 16);

  const CodebookShape& shape() const noexcept { return shape_; }
  std::span<const float> values() const noexcept { return values_; }  // none: nothing learned
  MatrixView book(std::size_t group, std::size_t stage) const noexcept;
  std::span<const float> centroid(std::size_t group, std::size_t stage, std::size_t code) const noexcept {
    return book(group, stage).row(code);
  }

  void encode(std::span<const float> row, std::uint8_t* codes, std::vector<float>& scratch) const;
  void decode(const std::uint8_t* codes, float* out) const noexcept;

 private:
  void search(std::span<const float> part, std::size_t group, std::uint8_t* codes, std::vector<float>& scratch) const;
  CodebookShape shape_;
  std::vector<float> values_;
};

// A sample of at most shape.learning_rows() rows, in order.
Matrix learning_sample(const CodebookShape& shape, MatrixView rows, std::uint64_t seed);

}  // namespace quiver::internal
