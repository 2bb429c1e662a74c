// Codebooks: what product and residual codes share. The coordinates are cut into groups; every group is coded in
// stages, each of which picks one of a codebook's centroids for what the stages before it left over:
//
//   x_g ~ c_{g,0} + c_{g,1} + ...          code (g, s) = argmin_j | x_g - c_{g,0} - .. - c_{g,s-1} - c_{g,s}[j] |
//
// One stage is a product code, one group a residual code.
//
//   QUIVER_TRY(const Codebooks books, Codebooks::learn({.dims = 96, .groups = 12}, rows, seed, run));
//   books.encode(row, codes, scratch);  books.decode(codes, out);
//
// Values lie group by group, in a group stage by stage, in a stage centroid by centroid. Codes lie the same way.
// Learning: k-means per codebook (kmeans.h) on a sample of at most kLearnRows rows, for a later stage on what the
// earlier ones leave of it; seeds are those of the codebook's position, so that equal shapes learn alike.
// Thread-safety: immutable. Cost: encode stages * centroids * dims operations a row.
#pragma once
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver::internal {

inline constexpr std::size_t kLearnRows = 16384;

struct CodebookShape {
  std::size_t dims = 0, groups = 1, stages = 1, centroids = 256;
  std::size_t codes() const noexcept { return groups * stages; }
  std::size_t values() const noexcept { return stages * centroids * dims; }
  // Groups differ by at most one coordinate in width. Requires: groups <= dims.
  std::size_t begin(std::size_t group) const noexcept { return group * dims / groups; }
  std::size_t width(std::size_t group) const noexcept { return begin(group + 1) - begin(group); }
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
  CodebookShape shape_;
  std::vector<float> values_;
};

// A sample of at most kLearnRows rows, in order.
Matrix learning_rows(MatrixView rows, std::uint64_t seed);

}  // namespace quiver::internal
