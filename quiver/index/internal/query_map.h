// QueryMap: a Projection for single queries, at a quarter of the memory traffic: the rows of the map in 8 bits, each
// with its own scale, and the query in 8 bits. A walk only needs to be led by it; the final order comes from full rows.
//
//   z_j = s * (low_j * sum(c) + scale_j * <c, code_j>),     c_i = round((q_i - mean_i) / s),  s = max |q - mean| / 127
//
// A query of which a few coordinates stand out so far that 8 bits would lose the rest goes through the Projection
// itself. Thread-safety: immutable. Cost: to * from integer products: 784 to 160 in about a microsecond.
#pragma once
#include <vector>

#include "quiver/compress/projection.h"

namespace quiver::internal {

class QueryMap {
 public:
  struct Scratch {
    Matrix centred;
    std::vector<std::int8_t> codes;  // (queries, from())
    struct Query {
      float step, squared;  // s; step 0: this one went through the Projection itself
      std::int32_t sum;     // of its codes
    };
    std::vector<Query> queries;
  };
  QueryMap() = default;
  explicit QueryMap(const Projection& projection, float unit);
  // queries: (n, from()), of unit length for Cosine. out: to() floats a query, `stride` floats apart, times the unit.
  // scratch.queries holds the squared length of each centred query, times that of the unit. Many queries share each
  // piece of the map while it is in the cache; what becomes of one does not depend on the others.
  void apply(MatrixView queries, Scratch& scratch, float* out, std::size_t stride) const;
  std::size_t bytes() const noexcept {
    return codes_.size() + (low_.size() + scale_.size() + minus_mean_.size()) * sizeof(float);
  }

 private:
  void encode(const float* query, float* centred, std::int8_t* codes, Scratch::Query& coded, float* out) const noexcept;
  std::size_t from_ = 0, to_ = 0, stride_ = 0;
  float unit_ = 1;
  AlignedBytes codes_;
  std::vector<float> low_, scale_, minus_mean_;
  Matrix exact_;
};

}  // namespace quiver::internal
