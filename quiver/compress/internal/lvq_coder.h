// What the one-level and the two-level LVQ quantizers share: the coder of the first level, and what a query is to rows
// of either kind. The formulas are in compress/lvq.h and compress/two_level.h.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "quiver/compress/coder.h"
#include "quiver/simd/kernels.h"
#include "quiver/simd/packed_u4.h"

namespace quiver::internal {

// What a row keeps beside its codes.
struct LvqConstants {
  float scale = 0, low = 0;
  float extra = 0;  // L2: |decoded - mean|^2; Cosine: 1 / |decoded|, 0 for a row of zeros; not stored for Dot
};

// Codes of 4 or 8 bits as they lie in a row.
std::size_t lvq_code_bytes(unsigned bits, std::size_t dims) noexcept;
void lvq_pack(unsigned bits, std::span<const std::uint8_t> codes, std::byte* to) noexcept;
// Calls each(start, codes, count) for one block of coordinates after another; `codes` has one a byte.
template <class Each>
void lvq_blocks(unsigned bits, std::size_t dims, const std::byte* packed, Each each) noexcept;

class LvqCoder final : public Coder {
 public:
  LvqCoder(unsigned bits, const Space& of, std::vector<float> mean)
      : Coder(of), bits_(bits), has_extra_(of.metric != Metric::Dot), mean_(std::move(mean)) {}

  std::string spec() const override;
  std::size_t row_bytes() const noexcept override { return constants() + lvq_code_bytes(bits_, space().dims); }
  std::vector<SharedArray> shared() const override;
  Result<CoderPtr> fit(MatrixView base, MatrixView queries, Run& run) const override;
  Result<CoderPtr> load(const Container& file, std::string_view prefix) const override;
  bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const override;
  void decode(const std::byte* row, float* out) const noexcept override;
  std::unique_ptr<Scorer> scorer(std::span<const float> query, const RowStore& rows) const override;

  unsigned bits() const noexcept { return bits_; }
  unsigned levels() const noexcept { return (1U << bits_) - 1; }
  std::span<const float> mean() const noexcept { return mean_; }
  std::size_t constants() const noexcept { return (has_extra_ ? 3 : 2) * sizeof(float); }
  // Through memcpy: rows are packed bytes.
  LvqConstants read(const std::byte* row) const noexcept {
    LvqConstants c;
    std::memcpy(&c.scale, row, sizeof(float));
    std::memcpy(&c.low, row + sizeof(float), sizeof(float));
    if (has_extra_) std::memcpy(&c.extra, row + 2 * sizeof(float), sizeof(float));
    return c;
  }

 private:
  unsigned bits_;
  bool has_extra_;
  std::vector<float> mean_;  // dims, or none before fit
};

// A prepared query. A row that decodes to mean + r is at a distance that depends on <query, r> and on its constant.
class LvqQuery {
 public:
  LvqQuery(std::span<const float> query, const LvqCoder& coder);
  std::span<const float> weights() const noexcept { return query_; }  // L2: less the mean
  double sum() const noexcept { return sum_; }                        // of the weights

  // terms(i): what finish needs of row i. One loop per metric: this runs once for every row of a scan.
  struct Terms {
    double product;  // <weights, r>
    float extra;     // LvqConstants::extra
  };
  template <class TermsOf>
  void finish(std::size_t count, float* distances, TermsOf terms) const noexcept {
    switch (metric_) {
      case Metric::L2:
        for (std::size_t i = 0; i < count; ++i) {
          const Terms t = terms(i);
          distances[i] = static_cast<float>(std::max(0.0, base_ - 2 * t.product + t.extra));
        }
        return;
      case Metric::Cosine:
        for (std::size_t i = 0; i < count; ++i) {
          const Terms t = terms(i);
          distances[i] = static_cast<float>(1 - (base_ + t.product) * inverse_ * t.extra);
        }
        return;
      default:
        for (std::size_t i = 0; i < count; ++i) distances[i] = static_cast<float>(-(base_ + terms(i).product));
    }
  }
  // Scorer::error_bound where the product sums over `levels` levels of codes.
  double error_bound(unsigned levels, double shortest, double longest) const noexcept;

 private:
  Metric metric_;
  std::vector<float> query_;
  double base_ = 0, sum_ = 0, absolute_sum_ = 0, norm_ = 0, inverse_ = 0, mean_norm_ = 0;
};

// A sum in double, over eight chains at once: a query is prepared in a fraction of a microsecond.
template <class Term>
double lvq_sum(std::size_t count, Term term) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (; i < count; ++i) lanes[i % kLanes] += term(i);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// The kernel that multiplies weights by codes of so many bits.
simd::BlockKernel lvq_kernel(unsigned bits) noexcept;

template <class Each>
void lvq_blocks(unsigned bits, std::size_t dims, const std::byte* packed, Each each) noexcept {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(packed);
  if (bits == 8) {
    each(std::size_t{0}, codes, dims);
    return;
  }
  std::uint8_t unpacked[simd::kPackedBlock];
  for (std::size_t start = 0; start < dims; start += simd::kPackedBlock) {
    const std::size_t count = std::min(simd::kPackedBlock, dims - start);
    simd::unpack_u4(codes + start / 2, count, unpacked);
    each(start, static_cast<const std::uint8_t*>(unpacked), count);
  }
}

}  // namespace quiver::internal
