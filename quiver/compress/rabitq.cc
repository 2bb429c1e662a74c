#include "quiver/compress/rabitq.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/compress/internal/rotation.h"
#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/simd/packed_u4.h"

namespace quiver {
namespace {
using internal::RowStore;

// Stretches that are tried: the largest coordinate comes to lie at this times the end of the grid, rising evenly. The
// fewer bits, the more it pays to let large coordinates leave the grid.
constexpr double kLeastStretch = 0.9;
constexpr double most_stretch(unsigned bits) { return bits == 2 ? 3 : bits == 4 ? 1.9 : 1.2; }

class RabitqCoder final : public Coder {
 public:
  RabitqCoder(unsigned bits, const Space& of, std::vector<float> mean, std::uint64_t seed)
      : Coder(of), bits_(bits), mean_(std::move(mean)), seed_(seed), rotation_(mean_.empty() ? 0 : of.dims, seed) {}

  std::string spec() const override { return fmt::format("rabitq({})", bits_); }
  std::size_t row_bytes() const noexcept override { return parts().bytes() + (space().dims * bits_ + 7) / 8; }
  std::vector<SharedArray> shared() const override {
    if (mean_.empty()) return {};
    return {shared_array("mean", mean_), {"seed", std::as_bytes(std::span(&seed_, 1))}};
  }
  Result<CoderPtr> load(const Container& file, std::string_view prefix) const override;
  Result<CoderPtr> fit(MatrixView base, MatrixView, Run& run) const override;
  bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const override;
  void decode(const std::byte* row, float* out) const noexcept override;
  std::unique_ptr<Scorer> scorer(std::span<const float> query, const RowStore& rows) const override;
  bool floats() const noexcept override { return false; }  // distances are not those of decoded rows

 private:
  internal::RowParts parts() const noexcept { return {.factor = true, .addend = space().metric == Metric::L2}; }
  float middle() const noexcept { return static_cast<float>((1U << bits_) - 1) / 2; }
  void pack(std::span<const std::uint8_t> codes, std::uint8_t* to) const noexcept;
  void unpack(const std::uint8_t* from, std::span<std::uint8_t> codes) const noexcept;
  double code_best(std::span<const float> r, std::span<std::uint8_t> codes) const;
  std::vector<float> tables_of(std::span<const float> weights) const;
  internal::BoundFunction bound_of(double query_norm, std::span<const float> weights) const;

  unsigned bits_;
  std::vector<float> mean_;  // dims, or none before fit
  std::uint64_t seed_;
  internal::RandomRotation rotation_;
};

Result<CoderPtr> RabitqCoder::load(const Container& file, std::string_view prefix) const {
  QUIVER_TRY(std::vector<float> mean, read_shared(file, prefix, "mean", space().dims));
  const std::string section = std::string(prefix) + "seed";
  QUIVER_TRY(const std::span<const std::uint64_t> seed, file.array<std::uint64_t>(section));
  if (seed.size() != 1) {
    return Error::corruption(
        fmt::format("section '{}' has {} values where 1 belongs; write the file again", section, seed.size()));
  }
  return std::make_shared<RabitqCoder>(bits_, space(), std::move(mean), seed[0]);
}

Result<CoderPtr> RabitqCoder::fit(MatrixView base, MatrixView, Run& run) const {
  std::vector<float> mean;
  if (space().metric == Metric::Cosine) {
    Matrix unit = Matrix::copy_of(base);
    normalize_rows(unit);
    mean = column_means(unit.view());
  } else {
    mean = column_means(base);
  }
  return std::make_shared<RabitqCoder>(bits_, space(), std::move(mean), run.seed());
}

void RabitqCoder::pack(std::span<const std::uint8_t> codes, std::uint8_t* to) const noexcept {
  if (bits_ == 4) return simd::pack_u4(codes.data(), codes.size(), to);
  const std::size_t each = 8 / bits_;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    to[i / each] = static_cast<std::uint8_t>(to[i / each] | codes[i] << (i % each * bits_));
  }
}

void RabitqCoder::unpack(const std::uint8_t* from, std::span<std::uint8_t> codes) const noexcept {
  if (bits_ == 4) return simd::unpack_u4(from, codes.size(), codes.data());
  const std::size_t each = 8 / bits_;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<std::uint8_t>(from[i / each] >> (i % each * bits_) & ((1U << bits_) - 1));
  }
}

// The grid point with the least angle to r among those of the stretches; returns <u, r>.
double RabitqCoder::code_best(std::span<const float> r, std::span<std::uint8_t> codes) const {
  float largest = 0;
  for (const float x : r) largest = std::max(largest, std::abs(x));
  const float half = static_cast<float>(1U << bits_) / 2, top = static_cast<float>((1U << bits_) - 1), mid = middle();
  const auto code_of = [&](float x, float stretch) {  // the cell of the grid that x * stretch lies in
    return static_cast<float>(static_cast<int>(std::clamp(x * stretch + half, 0.0F, top)));
  };
  // <u, r> and |u|^2 of a stretch, in eight sums at once.
  const auto products_at = [&](float stretch) {
    constexpr std::size_t kLanes = 8;
    float products[kLanes] = {}, squares[kLanes] = {};
    const auto add = [&](std::size_t i, std::size_t lane) {
      const float u = code_of(r[i], stretch) - mid;
      products[lane] += u * r[i];
      squares[lane] += u * u;
    };
    std::size_t i = 0;
    for (; i + kLanes <= r.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
    }
    for (; i < r.size(); ++i) add(i, i % kLanes);
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
      products[0] += products[lane];
      squares[0] += squares[lane];
    }
    return std::pair(products[0], squares[0]);
  };
  float best_stretch = half / largest;
  if (!std::isfinite(best_stretch)) best_stretch = 0;  // r is 0, to within 1e-36
  double best_cosine = -1;
  const int scales = bits_ == 1 ? 0 : kRabitqScales;  // signs do not depend on the stretch
  const float nearest = best_stretch;
  for (int i = 0; i < scales && nearest > 0; ++i) {
    const auto stretch = static_cast<float>(
        nearest * (kLeastStretch + (most_stretch(bits_) - kLeastStretch) * i / std::max(1, kRabitqScales - 1)));
    const auto [product, squares] = products_at(stretch);
    const double cosine = product / std::sqrt(static_cast<double>(squares));
    if (cosine <= best_cosine) continue;
    best_cosine = cosine;
    best_stretch = stretch;
  }
  double product = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const float code = code_of(r[i], best_stretch);
    codes[i] = static_cast<std::uint8_t>(code);
    product += static_cast<double>(code - mid) * r[i];
  }
  return product;
}

bool RabitqCoder::encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const {
  const double length = internal::norm_of(row);
  if (length * length > FLT_MAX) return false;
  const double scale = space().metric != Metric::Cosine ? 1 : length > 0 ? 1 / length : 0;
  scratch.first.resize(row.size());
  scratch.second.resize(row.size());
  for (std::size_t j = 0; j < row.size(); ++j) {
    scratch.first[j] = static_cast<float>(scale * row[j] - mean_[j]);
  }
  const double squares = internal::dot_of(scratch.first, scratch.first);
  rotation_.apply(scratch.first, scratch.second.data());
  scratch.codes.resize(row.size());
  const double product = code_best(scratch.second, scratch.codes);
  pack(scratch.codes, reinterpret_cast<std::uint8_t*>(to + parts().bytes()));
  const auto factor = product > 0 ? static_cast<float>(squares / product) : 0;
  const auto addend = static_cast<float>(squares);
  parts().write(to, factor, addend);
  return std::isfinite(factor) && std::isfinite(addend);
}

void RabitqCoder::decode(const std::byte* row, float* out) const noexcept {
  thread_local std::vector<std::uint8_t> codes;
  thread_local std::vector<float> stretched;
  codes.resize(space().dims);
  stretched.resize(space().dims);
  unpack(reinterpret_cast<const std::uint8_t*>(row + parts().bytes()), codes);
  const float factor = parts().factor_of(row);
  for (std::size_t i = 0; i < codes.size(); ++i) stretched[i] = factor * (static_cast<float>(codes[i]) - middle());
  rotation_.invert(stretched, out);
  for (std::size_t i = 0; i < codes.size(); ++i) out[i] += mean_[i];
}

// sum of weight * code over the coordinates in a byte, for all its values.
std::vector<float> RabitqCoder::tables_of(std::span<const float> weights) const {
  const std::size_t each = 8 / bits_, bytes = (weights.size() + each - 1) / each;
  std::vector<float> tables(bytes * internal::kTableSize);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    float* table = tables.data() + i / each * internal::kTableSize;
    const std::size_t below = std::size_t{1} << (i % each * bits_);  // values of the coordinates before it
    for (std::size_t code = 1; code < (1U << bits_); ++code) {
      for (std::size_t low = 0; low < below; ++low) {
        table[code * below + low] = table[low] + weights[i] * static_cast<float>(code);
      }
    }
  }
  return tables;
}

internal::BoundFunction RabitqCoder::bound_of(double query_norm, std::span<const float> weights) const {
  double size = 0;  // of the absolute terms of a product: |weight| times a code, and the middle
  for (const float w : weights) size += std::abs(static_cast<double>(w)) * 3 * static_cast<double>(middle());
  const std::size_t dims = space().dims;
  const double mean_norm = internal::norm_of(mean_), turning = 4 * rotation_.error();
  const double shortest_grid = std::sqrt(static_cast<double>(dims)) / 2;  // |u| at least
  return [=, metric = space().metric](double shortest, double longest) {
    if (!internal::squarable(query_norm) || !internal::squarable(longest)) return HUGE_VAL;
    const double unit = (static_cast<double>(simd::error_ulps(dims)) + internal::table_ulps(dims) + 8) * 0x1p-24;
    const double off = longest + mean_norm;  // |decoded - mean| at most
    const double product = unit * size * off / shortest_grid + static_cast<double>(dims) * FLT_MIN;
    const double reach = query_norm + longest + 2 * mean_norm;
    switch (metric) {
      case Metric::L2:
        return product + (unit + turning) * reach * reach + off * off;
      case Metric::Cosine:
        if (query_norm == 0) return 4 * unit;
        return product + (unit + turning) * (1 + off) +
               (longest > 0 ? std::max(std::abs(1 - shortest), std::abs(1 - longest)) : 0);
      default:
        return product + (unit + turning) * query_norm * (off + mean_norm);
    }
  };
}

std::unique_ptr<Scorer> RabitqCoder::scorer(std::span<const float> query, const RowStore& rows) const {
  const Metric metric = space().metric;
  const double norm = internal::norm_of(query);
  std::vector<float> q(query.begin(), query.end()), weights(query.size());
  if (metric == Metric::Cosine) {
    for (float& x : q) x = norm > 0 ? static_cast<float>(x / norm) : 0;
  }
  internal::AffineQuery affine{.parts = parts()};
  if (metric == Metric::L2) {
    for (std::size_t j = 0; j < q.size(); ++j) q[j] -= mean_[j];
    affine.offset = internal::dot_of(q, q);
  } else {
    affine.offset = (metric == Metric::Cosine ? 1 : 0) - internal::dot_of(q, mean_);
  }
  rotation_.apply(q, weights.data());
  double sum = 0;
  for (float& w : weights) {
    w *= metric == Metric::L2 ? -2.0F : -1.0F;
    sum += w;
  }
  affine.shift = -static_cast<double>(middle()) * sum;
  affine.bound = bound_of(norm, weights);
  if (bits_ < 4) return std::make_unique<internal::TableScorer>(std::move(affine), rows, tables_of(weights));
  const simd::Kernels& k = simd::kernels();
  return std::make_unique<internal::ProductScorer>(std::move(affine), rows, bits_ == 8 ? k.dot_f32_u8 : k.dot_f32_u4,
                                                   std::move(weights));
}
}  // namespace

Result<CoderPtr> rabitq_coder(unsigned bits, const Space& space) {
  const std::string spec = fmt::format("rabitq({})", bits);
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8) {
    return Error::invalid_argument(fmt::format("{}: codes have 1, 2, 4 or 8 bits; write rabitq(1)", spec));
  }
  QUIVER_TRY(check_metric(spec, space));
  return std::make_shared<RabitqCoder>(bits, space, std::vector<float>(), 0);
}

double rabitq_radius(Metric metric, std::size_t dims, double query_length, double coding_error,
                     double epsilon) noexcept {
  const double once = epsilon * query_length * coding_error / std::sqrt(std::max(1.0, static_cast<double>(dims) - 1));
  return metric == Metric::L2 ? 2 * once : once;
}

}  // namespace quiver
