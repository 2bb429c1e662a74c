// The scorers that several quantizers share. A distance is affine in one product p of the prepared query and the codes
// of a row, with up to two numbers that the row keeps in front of its codes:
//
//   distance = offset + (shift + p) * factor(row) + addend(row)
//
//   row:  [factor f32] [addend f32] codes          a part that is absent counts as 1 or 0
//
// The product is a kernel over codes (ProductScorer: p = sum_i weight_i * code_i) or one look-up a byte of code
// (TableScorer: p = sum_m table_m[byte_m]), which serves 8-bit codes, pairs of 4-bit codes and packed bits alike.
#pragma once
#include <cmath>
#include <functional>
#include <vector>

#include "quiver/compress/internal/row_store.h"
#include "quiver/compress/quantizer.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {

struct RowParts {
  bool factor = false, addend = false;
  constexpr std::size_t bytes() const noexcept { return (std::size_t{factor} + std::size_t{addend}) * sizeof(float); }
  void write(std::byte* row, float factor_value, float addend_value) const noexcept {
    if (factor) std::memcpy(row, &factor_value, sizeof(float));
    if (addend) std::memcpy(row + (factor ? sizeof(float) : 0), &addend_value, sizeof(float));
  }
  float factor_of(const std::byte* row) const noexcept {
    float value = 1;
    if (factor) std::memcpy(&value, row, sizeof(float));
    return value;
  }
};

// Scorer::error_bound of (shortest, longest).
using BoundFunction = std::function<double(double, double)>;

struct AffineQuery {
  RowParts parts{};
  double offset = 0, shift = 0;
  double least = -HUGE_VAL;  // no distance is below: 0 for an L2 that rounding might take there
  BoundFunction bound{};
};

class AffineScorer : public Scorer {
 public:
  AffineScorer(AffineQuery query, const RowStore& rows) : query_(std::move(query)), rows_(rows) {}
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override;
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    score_at(rows_.row(first), count, distances);
  }
  double error_bound(double shortest, double longest) const noexcept final { return query_.bound(shortest, longest); }

 protected:
  const AffineQuery& query() const noexcept { return query_; }
  const RowStore& rows() const noexcept { return rows_; }
  // Of `count` rows that lie one behind another.
  void score_at(const std::byte* first, std::size_t count, float* distances) const noexcept;
  // The products of rows base + stride * (rows ? rows[i] : i); base points at the codes.
  virtual void products(const std::byte* base, std::size_t stride, const std::uint32_t* rows, std::size_t count,
                        float* out) const noexcept = 0;

 private:
  template <class RowAt>
  void finish(std::size_t count, float* distances, RowAt row_at) const noexcept;
  AffineQuery query_;
  const RowStore& rows_;
};

class ProductScorer final : public AffineScorer {
 public:
  // kernel: dot_f32_u8 or dot_f32_u4.
  ProductScorer(AffineQuery query, const RowStore& rows, simd::BlockKernel kernel, std::vector<float> weights)
      : AffineScorer(std::move(query), rows), kernel_(kernel), weights_(std::move(weights)) {}

 private:
  void products(const std::byte* base, std::size_t stride, const std::uint32_t* rows, std::size_t count,
                float* out) const noexcept override {
    kernel_(weights_.data(), base, stride, rows, count, weights_.size(), out);
  }
  simd::BlockKernel kernel_;
  std::vector<float> weights_;
};

inline constexpr std::size_t kTableSize = 256;  // entries: one for every value of a byte

class TableScorer : public AffineScorer {
 public:
  // tables: kTableSize entries for every byte of code.
  TableScorer(AffineQuery query, const RowStore& rows, std::vector<float> tables)
      : AffineScorer(std::move(query), rows), tables_(std::move(tables)) {}

 private:
  void products(const std::byte* base, std::size_t stride, const std::uint32_t* rows, std::size_t count,
                float* out) const noexcept override;
  std::vector<float> tables_;
};

// A look-up of `bytes` tables errs by this many units in the last place of the sum of the tables' absolute values.
constexpr double table_ulps(std::size_t bytes) noexcept { return static_cast<double>(bytes) / 4 + 4; }

// Tables of packed 4-bit codes, byte = code 2m | code 2m + 1 << 4, from 16 entries for every code.
std::vector<float> tables_of_pairs(std::span<const float> entries);

// Sums in double: a query is prepared once.
double dot_of(std::span<const float> a, std::span<const float> b) noexcept;
inline double norm_of(std::span<const float> a) noexcept { return std::sqrt(dot_of(a, a)); }

}  // namespace quiver::internal
