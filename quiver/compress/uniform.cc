#include "quiver/compress/uniform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/simd/packed_u4.h"

namespace quiver {
namespace {
using internal::RowStore;

constexpr std::size_t kRangeSample = 4096;  // rows on which narrower ranges are tried

struct Range {
  float low = 0, step = 0;
  std::uint8_t code(float x, float levels) const noexcept {
    const float level = step > 0 ? (x - low) / step + 0.5F : 0;  // truncation rounds to the nearest
    return static_cast<std::uint8_t>(std::clamp(level, 0.0F, levels + 0.5F));
  }
  float value(std::uint8_t code) const noexcept { return low + step * static_cast<float>(code); }
};

Range range_between(float low, float high, float levels) {
  const float step = high / levels - low / levels;  // the difference itself might overflow
  return {low, step};
}

// Of the ranges around the mean the one with the least squared error over `values`.
Range narrowed(std::span<const float> values, float low, float high, float mean, float levels) {
  Range best;
  double least = HUGE_VAL;
  for (int tenths = 10; tenths >= 3; --tenths) {
    const float f = static_cast<float>(tenths) / 10;
    const Range range = tenths == 10 ? range_between(low, high, levels)
                                     : range_between(mean - f * (mean - low), mean + f * (high - mean), levels);
    double squares = 0;
    for (const float x : values) {
      const double error = static_cast<double>(x) - range.value(range.code(x, levels));
      squares += error * error;
    }
    if (squares < least) {
      least = squares;
      best = range;
    }
  }
  return best;
}

class UniformCoder final : public Coder {
 public:
  UniformCoder(unsigned bits, const Space& of, std::vector<float> low, std::vector<float> step)
      : Coder(of), bits_(bits), low_(std::move(low)), step_(std::move(step)), middle_(low_.size()) {
    for (std::size_t j = 0; j < low_.size(); ++j) middle_[j] = low_[j] + step_[j] * (levels() / 2);
  }

  std::string spec() const override { return fmt::format("sq({})", bits_); }
  std::size_t row_bytes() const noexcept override {
    return parts().bytes() + (bits_ == 8 ? space().dims : simd::packed_u4_bytes(space().dims));
  }
  std::vector<SharedArray> shared() const override {
    if (low_.empty()) return {};
    return {shared_array("low", low_), shared_array("step", step_)};
  }
  Result<CoderPtr> load(const Container& file, std::string_view prefix) const override {
    QUIVER_TRY(std::vector<float> low, read_shared(file, prefix, "low", space().dims));
    QUIVER_TRY(std::vector<float> step, read_shared(file, prefix, "step", space().dims));
    return std::make_shared<UniformCoder>(bits_, space(), std::move(low), std::move(step));
  }
  Result<CoderPtr> fit(MatrixView base, MatrixView, Run& run) const override;

  bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const override;
  void decode(const std::byte* row, float* out) const noexcept override;
  std::unique_ptr<Scorer> scorer(std::span<const float> query, const RowStore& rows) const override;

 private:
  float levels() const noexcept { return bits_ == 8 ? 255 : 15; }
  internal::RowParts parts() const noexcept {
    return {.factor = space().metric == Metric::Cosine, .addend = space().metric == Metric::L2};
  }

  unsigned bits_;
  std::vector<float> low_, step_;  // dims, or none before fit
  std::vector<float> middle_;
};

Result<CoderPtr> UniformCoder::fit(MatrixView base, MatrixView, Run& run) const {
  const std::size_t dims = space().dims;
  std::vector<float> low(dims), high(dims), step(dims);
  for (std::size_t i = 0; i < base.rows; ++i) {
    const auto row = base.row(i);
    for (std::size_t j = 0; j < dims; ++j) {
      low[j] = i == 0 ? row[j] : std::min(low[j], row[j]);
      high[j] = i == 0 ? row[j] : std::max(high[j], row[j]);
    }
  }
  const std::vector<float> mean = column_means(base);
  const std::size_t every = std::max<std::size_t>(1, (base.rows + kRangeSample - 1) / kRangeSample);
  run.threads().parallel_for(dims, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> values;
    for (std::size_t j = begin; j < end; ++j) {
      Range range = range_between(low[j], high[j], levels());
      if (bits_ == 4) {
        values.clear();
        for (std::size_t i = 0; i < base.rows; i += every) values.push_back(base.row(i)[j]);
        range = narrowed(values, low[j], high[j], mean[j], levels());
      }
      low[j] = range.low;
      step[j] = range.step;
    }
  });
  return std::make_shared<UniformCoder>(bits_, space(), std::move(low), std::move(step));
}

bool UniformCoder::encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const {
  scratch.codes.resize(row.size());
  bool zero = true;
  for (std::size_t j = 0; j < row.size(); ++j) {
    scratch.codes[j] = Range{low_[j], step_[j]}.code(row[j], levels());
    zero = zero && row[j] == 0;
  }
  auto* packed = reinterpret_cast<std::uint8_t*>(to + parts().bytes());
  if (bits_ == 8) {
    std::copy(scratch.codes.begin(), scratch.codes.end(), packed);
  } else {
    simd::pack_u4(scratch.codes.data(), scratch.codes.size(), packed);
  }
  double squares = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    double decoded = static_cast<double>(low_[j]) + static_cast<double>(step_[j]) * scratch.codes[j];
    if (space().metric == Metric::L2) decoded -= middle_[j];
    squares += decoded * decoded;
  }
  const auto addend = static_cast<float>(squares);
  parts().write(to, zero || squares == 0 ? 0 : static_cast<float>(1 / std::sqrt(squares)), addend);
  return std::isfinite(addend);
}

void UniformCoder::decode(const std::byte* row, float* out) const noexcept {
  if (space().metric == Metric::Cosine && parts().factor_of(row) == 0) {
    std::fill_n(out, space().dims, 0.0F);
    return;
  }
  const auto* codes = reinterpret_cast<const std::uint8_t*>(row + parts().bytes());
  std::uint8_t unpacked[simd::kPackedBlock];
  for (std::size_t start = 0; start < space().dims; start += simd::kPackedBlock) {
    const std::size_t count = std::min(simd::kPackedBlock, space().dims - start);
    if (bits_ == 4) simd::unpack_u4(codes + start / 2, count, unpacked);
    const std::uint8_t* block = bits_ == 4 ? unpacked : codes + start;
    for (std::size_t i = 0; i < count; ++i) {
      out[start + i] = Range{low_[start + i], step_[start + i]}.value(block[i]);
    }
  }
}

// Every weight is rounded once and meets a code of at most levels(); `size` is the sum of those absolute terms.
std::unique_ptr<Scorer> UniformCoder::scorer(std::span<const float> query, const RowStore& rows) const {
  const std::size_t dims = query.size();
  const Metric metric = space().metric;
  const double query_norm = internal::norm_of(query), middle_norm = internal::norm_of(middle_);
  const double range_norm = internal::norm_of(step_) * levels();
  const double scale = metric == Metric::L2 ? -2 : metric == Metric::Dot ? -1 : query_norm > 0 ? -1 / query_norm : 0;
  internal::AffineQuery affine{.parts = parts()};
  std::vector<float> weights(dims);
  double size = 0, squares = 0, with_low = 0;
  for (std::size_t j = 0; j < dims; ++j) {
    const double from = metric == Metric::L2 ? middle_[j] : 0;
    const double q = static_cast<double>(query[j]) - from;
    const double low = static_cast<double>(low_[j]) - from;
    weights[j] = static_cast<float>(scale * q * step_[j]);
    squares += q * q;
    with_low += scale * q * low;
    size += std::abs(scale * q) * (std::abs(low) + static_cast<double>(step_[j]) * levels());
  }
  affine.shift = with_low;
  if (metric == Metric::L2) affine.offset = squares;
  if (metric == Metric::L2) affine.least = 0;
  if (metric == Metric::Cosine) affine.offset = 1;
  affine.bound = [=](double shortest, double longest) {
    const double unit = (static_cast<double>(simd::error_ulps(dims)) + 4) * 0x1p-24;
    const double reach = query_norm + longest + 2 * middle_norm + range_norm;
    const double product = unit * size + static_cast<double>(dims) * FLT_MIN;
    switch (metric) {
      case Metric::L2:
        return product + unit * reach * reach;
      case Metric::Cosine:
        if (!internal::squarable(query_norm) || !internal::squarable(shortest) || !internal::squarable(longest)) {
          return HUGE_VAL;
        }
        return longest == 0 || query_norm == 0 ? 0 : (product + unit * reach / query_norm) / shortest + 4 * unit;
      default:
        return product + unit * query_norm * reach;
    }
  };
  const simd::Kernels& k = simd::kernels();
  return std::make_unique<internal::ProductScorer>(std::move(affine), rows, bits_ == 8 ? k.dot_f32_u8 : k.dot_f32_u4,
                                                   std::move(weights));
}
}  // namespace

Result<CoderPtr> uniform_coder(unsigned bits, const Space& space) {
  const std::string spec = fmt::format("sq({})", bits);
  if (bits != 4 && bits != 8) {
    return Error::invalid_argument(fmt::format("{}: codes have 4 or 8 bits; write sq(8) or sq(4)", spec));
  }
  QUIVER_TRY(check_metric(spec, space));
  return std::make_shared<UniformCoder>(bits, space, std::vector<float>(), std::vector<float>());
}

}  // namespace quiver
