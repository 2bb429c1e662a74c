// CodebookCoder: rows as numbers of centroids, a look-up per code and row when searching. What pq, opq, rq and grvq
// are, which differ in the shape of their codebooks and in whether rows are rotated first.
//
// With y = R x the rotated row (R the identity unless there is a rotation), q the rotated query, and the tables
// computed once per query:
//
//   L2       sum_g |q_g - c_{g,0}|^2  -  2 sum_{g, s > 0} <q_g - m_g, c_{g,s}>  +  addend
//            addend = sum_g ( 2 <c_{g,0} - m_g, rest_g> + |rest_g|^2 ),   rest_g = sum_{s > 0} c_{g,s}
//   Dot      -sum <q_g, c_{g,s}>
//   Cosine   1 - sum <q_g, c_{g,s}> / (|q| |decoded|);   a zero row stays zero, at distance 1
//
// m, the mean of the first stages' centroids, keeps the terms of later stages small where data are far from zero.
//
// Row layout: Cosine: 1 / |decoded| f32; L2 with more than one stage: addend f32; then a byte a code, or 4 bits (code
// 2i in the low half of byte i, code 2i + 1 in the high half). Rows of 4-bit codes may lie in blocks (row_blocks.h),
// which a scan goes through 32 rows at a time (block_scorer.h).
#pragma once
#include <memory>
#include <string>

#include "quiver/compress/coder.h"
#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/codebooks.h"
#include "quiver/compress/internal/rotation.h"

namespace quiver::internal {

// Learns a rotation from the base. Errors: Cancelled, Internal (a decomposition that does not converge).
using LearnRotation = Result<Matrix> (*)(const CodebookShape&, MatrixView base, Run& run);

class CodebookCoder final : public Coder {
 public:
  // shape.centroids: 256 (a byte a code) or 16 (4 bits). learn_rotation: nullptr for none.
  CodebookCoder(std::string spec, const Space& space, Codebooks books, LearnRotation learn_rotation,
                std::shared_ptr<const MatrixRotation> rotation = nullptr);

  std::string spec() const override { return spec_; }
  std::size_t row_bytes() const noexcept override { return parts().bytes() + (packed() ? (codes() + 1) / 2 : codes()); }
  std::vector<SharedArray> shared() const override;
  Result<CoderPtr> fit(MatrixView base, MatrixView queries, Run& run) const override;
  Result<CoderPtr> load(const Container& file, std::string_view prefix) const override;
  bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const override;
  void decode(const std::byte* row, float* out) const noexcept override;
  std::unique_ptr<Scorer> scorer(std::span<const float> query, const RowStore& rows) const override;
  std::optional<RowBlocks> blocks() const noexcept override {
    return packed() ? std::optional<RowBlocks>({.stride = stride(), .head = parts().bytes()}) : std::nullopt;
  }
  std::unique_ptr<Scorer> block_scorer(std::span<const float> query, const RowStore& rows) const override;
  // A rotation's bound is too wide to prune by, and blocks are faster than products.
  bool floats() const noexcept override { return rotation_ == nullptr && !packed(); }

 private:
  // A query's part in a distance, and its product with every centroid: a table for each code of a row.
  struct Prepared {
    AffineQuery affine;
    std::vector<float> entries;
  };
  Prepared prepare(std::span<const float> query) const;
  RowParts parts() const noexcept {
    return {.factor = space().metric == Metric::Cosine,
            .addend = space().metric == Metric::L2 && books_.shape().stages > 1};
  }
  std::size_t codes() const noexcept { return books_.shape().codes(); }
  bool packed() const noexcept { return books_.shape().centroids == 16; }
  float addend_of(const std::uint8_t* codes) const;

  std::string spec_;
  Codebooks books_;
  LearnRotation learn_rotation_;
  std::shared_ptr<const MatrixRotation> rotation_;
  std::vector<float> rotation_values_;    // as stored, without padding
  std::vector<float> centre_;             // m
  std::vector<double> longest_centroid_;  // of each codebook
};

}  // namespace quiver::internal
