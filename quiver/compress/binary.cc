#include "quiver/compress/binary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/compress/internal/rotation.h"
#include "quiver/core/linalg.h"
#include "quiver/core/linalg_double.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::RowStore;

// What fit() learns; none before.
struct BinaryModel {
  std::vector<float> mean;
  float scale = 0;                // a
  std::vector<float> map_values;  // W as stored; empty: the identity
  std::shared_ptr<const internal::MatrixRotation> map = nullptr;
};

// p = Hamming distance, times what one differing bit counts.
class HammingScorer final : public internal::AffineScorer {
 public:
  HammingScorer(internal::AffineQuery query, const RowStore& rows, std::vector<std::byte> bits, std::size_t count,
                double each)
      : AffineScorer(std::move(query), rows), bits_(std::move(bits)), count_(count), each_(static_cast<float>(each)) {}

 private:
  void products(const std::byte* base, std::size_t stride, const std::uint32_t* rows, std::size_t count,
                float* out) const noexcept override {
    kernel_(bits_.data(), base, stride, rows, count, count_, out);
    for (std::size_t i = 0; i < count; ++i) out[i] *= each_;
  }
  simd::BlockKernel kernel_ = simd::kernels().distance(Metric::Hamming, Element::Bit);
  std::vector<std::byte> bits_;
  std::size_t count_;
  float each_;
};

class BinaryCoder final : public Coder {
 public:
  BinaryCoder(std::string spec, const Space& of, std::size_t bits, bool maps, BinaryModel model)
      : Coder(of), spec_(std::move(spec)), bits_(bits), maps_(maps), model_(std::move(model)) {}

  std::string spec() const override { return spec_; }
  std::size_t row_bytes() const noexcept override { return (bits_ + 7) / 8; }
  std::vector<SharedArray> shared() const override {
    if (model_.mean.empty()) return {};
    std::vector<SharedArray> arrays{shared_array("mean", model_.mean),
                                    shared_array("scale", std::span(&model_.scale, 1))};
    if (maps_) arrays.push_back(shared_array("rotation", model_.map_values));
    return arrays;
  }
  Result<CoderPtr> load(const Container& file, std::string_view prefix) const override;
  Result<CoderPtr> fit(MatrixView base, MatrixView, Run& run) const override;
  bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const override;
  void decode(const std::byte* row, float* out) const noexcept override;
  std::unique_ptr<Scorer> scorer(std::span<const float> query, const RowStore& rows) const override;
  bool floats() const noexcept override { return false; }  // distances are not those of decoded rows

 private:
  // The row as it is compared, less the mean and mapped: bits_ numbers.
  void map(std::span<const float> row, std::vector<float>& off, std::vector<float>& mapped) const;

  std::string spec_;
  std::size_t bits_;
  bool maps_;
  BinaryModel model_;
};

// W of itq: from a sample, centred and of unit rows where the metric asks for it.
Result<Matrix> learn_itq(MatrixView rows, std::size_t bits, Run& run) {
  const BlasThreads threads(run.threads().count());
  const Matrix spread = covariance(rows, std::vector<float>(rows.cols));
  QUIVER_TRY(const Eigen eigen, symmetric_eigen(spread.view()));
  const MatrixView directions = eigen.vectors.view().slice(0, bits);
  Matrix z(rows.rows, bits), turned(rows.rows, bits), correlation(bits, bits), normal(bits, bits);
  gemm_nt(rows, directions, z);
  Random random(run.seed(), stream_of("itq"));
  for (std::size_t i = 0; i < bits; ++i) {
    for (float& x : normal.row(i)) x = random.normal();
  }
  QUIVER_TRY(const Qr start, qr(normal.view()));
  Matrix rotation = Matrix::copy_of(start.q.view());
  auto stage = run.stage("itq", kItqTurns);
  for (std::size_t turn = 0; turn < kItqTurns; ++turn) {
    if (run.stop()) return run.stopped("learning binary codes");
    gemm_nt(z.view(), rotation.view(), turned);
    for (std::size_t i = 0; i < turned.rows(); ++i) {
      for (float& x : turned.row(i)) x = x > 0 ? 1.0F : -1.0F;
    }
    gemm_tn(turned.view(), z.view(), correlation);
    QUIVER_TRY(const DoubleMatrix nearest, polar_factor(DoubleMatrix::copy_of(correlation.view())));
    rotation = nearest.to_float();
    stage.advance();
  }
  return product(DoubleMatrix::copy_of(rotation.view()), DoubleMatrix::copy_of(directions)).to_float();
}

BinaryModel with_map(BinaryModel model, Matrix map) {
  for (std::size_t i = 0; i < map.rows(); ++i) {
    model.map_values.insert(model.map_values.end(), map.row(i).begin(), map.row(i).end());
  }
  model.map = std::make_shared<internal::MatrixRotation>(std::move(map));
  return model;
}

Result<CoderPtr> BinaryCoder::load(const Container& file, std::string_view prefix) const {
  BinaryModel model;
  QUIVER_TRY(model.mean, read_shared(file, prefix, "mean", space().dims));
  QUIVER_TRY(const std::vector<float> scale, read_shared(file, prefix, "scale", 1));
  model.scale = scale[0];
  if (maps_) {
    QUIVER_TRY(const std::vector<float> values, read_shared(file, prefix, "rotation", bits_ * space().dims));
    model = with_map(std::move(model), Matrix::copy_of({values.data(), bits_, space().dims, space().dims}));
  }
  return std::make_shared<BinaryCoder>(spec_, space(), bits_, maps_, std::move(model));
}

Result<CoderPtr> BinaryCoder::fit(MatrixView base, MatrixView, Run& run) const {
  Random random(run.seed(), stream_of("binary sample"));
  const auto picked = random.sample(static_cast<std::uint32_t>(base.rows), static_cast<std::uint32_t>(kItqRows));
  Matrix unit;
  if (space().metric == Metric::Cosine) {
    unit = Matrix::copy_of(base);
    normalize_rows(unit);
    base = unit.view();
  }
  BinaryModel model;
  model.mean = space().metric == Metric::Dot ? std::vector<float>(space().dims) : column_means(base);
  Matrix sample(picked.size(), space().dims);
  for (std::size_t i = 0; i < picked.size(); ++i) {
    const auto from = base.row(picked[i]);
    for (std::size_t j = 0; j < from.size(); ++j) sample.row(i)[j] = from[j] - model.mean[j];
  }
  if (maps_) {
    QUIVER_TRY(Matrix map, learn_itq(sample.view(), bits_, run));
    model = with_map(std::move(model), std::move(map));
  }
  double sum = 0;
  std::vector<float> mapped(bits_);
  for (std::size_t i = 0; i < sample.rows(); ++i) {
    if (maps_) model.map->apply(sample.row(i), mapped.data());
    for (const float y : maps_ ? std::span<const float>(mapped) : sample.row(i)) sum += std::abs(y);
  }
  model.scale = static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(1, sample.rows() * bits_)));
  return std::make_shared<BinaryCoder>(spec_, space(), bits_, maps_, std::move(model));
}

void BinaryCoder::map(std::span<const float> row, std::vector<float>& off, std::vector<float>& mapped) const {
  const double length = internal::norm_of(row);
  const double scale = space().metric != Metric::Cosine ? 1 : length > 0 ? 1 / length : 0;
  off.resize(row.size());
  mapped.resize(bits_);
  for (std::size_t j = 0; j < row.size(); ++j) off[j] = static_cast<float>(scale * row[j]) - model_.mean[j];
  if (maps_) {
    model_.map->apply(off, mapped.data());
  } else {
    mapped = off;
  }
}

bool BinaryCoder::encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const {
  if (internal::dot_of(row, row) > FLT_MAX) return false;
  map(row, scratch.first, scratch.second);
  for (std::size_t i = 0; i < bits_; ++i) {
    if (scratch.second[i] > 0) to[i / 8] |= static_cast<std::byte>(1U << (i % 8));
  }
  return true;
}

void BinaryCoder::decode(const std::byte* row, float* out) const noexcept {
  thread_local std::vector<float> signs;
  signs.resize(bits_);
  for (std::size_t i = 0; i < bits_; ++i) {
    const bool set = (std::to_integer<unsigned>(row[i / 8]) >> (i % 8) & 1U) != 0;
    signs[i] = set ? model_.scale : -model_.scale;
  }
  if (maps_) {
    model_.map->invert(signs, out);
  } else {
    std::copy(signs.begin(), signs.end(), out);
  }
  for (std::size_t j = 0; j < space().dims; ++j) out[j] += model_.mean[j];
}

std::unique_ptr<Scorer> BinaryCoder::scorer(std::span<const float> query, const RowStore& rows) const {
  const Metric metric = space().metric;
  const double norm = internal::norm_of(query);
  std::vector<std::byte> bits(stride());
  CodingScratch scratch;
  encode(query, bits.data(), scratch);  // a query whose length overflows has no bits set, and no bound
  std::vector<float> decoded(query.size());
  decode(bits.data(), decoded.data());
  const double unit_length = metric != Metric::Cosine ? 1 : norm > 0 ? norm : 1;
  double lost = 0;  // |q - decoded q|^2
  for (std::size_t j = 0; j < query.size(); ++j) {
    const double off = query[j] / unit_length - decoded[j];
    lost += off * off;
  }
  const double square = static_cast<double>(model_.scale) * model_.scale;
  internal::AffineQuery affine;
  double each = 4 * square;
  if (metric == Metric::Dot) {
    each = 2 * square;
    affine.offset = -square * static_cast<double>(bits_);
  } else if (metric == Metric::Cosine) {
    each = norm > 0 ? 2 * square : 0;
    affine.offset = norm > 0 ? 0 : 1;
  }
  const double rounding =
      (maps_ ? 4 * model_.map->error() : 0) + 4 * static_cast<double>(simd::error_ulps(space().dims)) * 0x1p-24;
  const double mean_norm = internal::norm_of(model_.mean);
  affine.bound = [=, lost = std::sqrt(lost), decoded_norm = internal::norm_of(decoded)](double shortest,
                                                                                        double longest) {
    if (!internal::squarable(norm) || !internal::squarable(longest)) return HUGE_VAL;
    const double reach = decoded_norm + longest + 2 * mean_norm;
    switch (metric) {
      case Metric::L2:  // | |q - r|^2 - |q' - r|^2 | <= |q - q'| (|q - r| + |q' - r|)
        return lost * (norm + decoded_norm + 2 * longest) + rounding * reach * reach;
      case Metric::Cosine: {  // the same of unit vectors, from which r may be off by its length
        if (norm == 0) return 0.0;
        const double off = lost + std::max(std::abs(1 - shortest), std::abs(1 - longest));
        return std::max(off * (4 + off) / 2, 1 + (1 + lost) * (1 + lost) / 2) + rounding * reach * reach;
      }
      default:
        return lost * longest + rounding * reach * reach;
    }
  };
  return std::make_unique<HammingScorer>(std::move(affine), rows, std::move(bits), bits_, each);
}
}  // namespace

Result<CoderPtr> binary_coder(const Space& space) {
  QUIVER_TRY(check_metric("binary", space));
  return std::make_shared<BinaryCoder>("binary", space, space.dims, false, BinaryModel{});
}

Result<CoderPtr> itq_coder(std::optional<unsigned> bits, const Space& space) {
  const std::string spec = bits ? fmt::format("itq({})", *bits) : "itq";
  QUIVER_TRY(check_metric(spec, space));
  if (bits && (*bits == 0 || *bits > space.dims)) {
    return Error::invalid_argument(
        fmt::format("{}: asks for {} bits of {} dims; ask for 1 to {}", spec, *bits, space.dims, space.dims));
  }
  return std::make_shared<BinaryCoder>(spec, space, bits.value_or(space.dims), true, BinaryModel{});
}

}  // namespace quiver
