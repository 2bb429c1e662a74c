#include "quiver/compress/internal/lvq_coder.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "quiver/compress/internal/error_bounds.h"
#include "quiver/core/linalg.h"

namespace quiver::internal {
namespace {
class LvqScorer final : public Scorer {
 public:
  LvqScorer(std::span<const float> query, const LvqCoder& coder, const RowStore& rows)
      : coder_(coder), rows_(rows), query_(query, coder), dot_(lvq_kernel(coder.bits())) {}

  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    const std::span<const float> weights = query_.weights();
    dot_(weights.data(), rows_.data() + coder_.constants(), rows_.stride(), rows.data(), rows.size(), weights.size(),
         distances);
    finish(rows.size(), distances, [&](std::size_t i) { return rows_.row(rows[i]); });
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    const std::span<const float> weights = query_.weights();
    dot_(weights.data(), rows_.row(first) + coder_.constants(), rows_.stride(), nullptr, count, weights.size(),
         distances);
    finish(count, distances, [&](std::size_t i) { return rows_.row(first + i); });
  }
  double error_bound(double shortest, double longest) const noexcept override {
    return query_.error_bound(1, shortest, longest);
  }

 private:
  template <class RowAt>
  void finish(std::size_t count, float* distances, RowAt row_at) const noexcept {
    const double sum = query_.sum();
    query_.finish(count, distances, [&](std::size_t i) {
      const LvqConstants c = coder_.read(row_at(i));
      return LvqQuery::Terms{static_cast<double>(c.low) * sum + static_cast<double>(c.scale) * distances[i], c.extra};
    });
  }

  const LvqCoder& coder_;
  const RowStore& rows_;
  LvqQuery query_;
  simd::BlockKernel dot_;
};
}  // namespace

std::size_t lvq_code_bytes(unsigned bits, std::size_t dims) noexcept {
  return bits == 8 ? dims : simd::packed_u4_bytes(dims);
}

void lvq_pack(unsigned bits, std::span<const std::uint8_t> codes, std::byte* to) noexcept {
  auto* packed = reinterpret_cast<std::uint8_t*>(to);
  if (bits == 8) {
    std::copy(codes.begin(), codes.end(), packed);
  } else {
    simd::pack_u4(codes.data(), codes.size(), packed);
  }
}

simd::BlockKernel lvq_kernel(unsigned bits) noexcept {
  const simd::Kernels& k = simd::kernels();
  return bits == 8 ? k.dot_f32_u8 : k.dot_f32_u4;
}

std::string LvqCoder::spec() const { return fmt::format("lvq({})", bits_); }

std::vector<SharedArray> LvqCoder::shared() const {
  if (mean_.empty()) return {};
  return {shared_array("mean", mean_)};
}

Result<CoderPtr> LvqCoder::fit(MatrixView base, MatrixView, Run&) const {
  return std::make_shared<LvqCoder>(bits_, space(), column_means(base));
}

Result<CoderPtr> LvqCoder::load(const Container& file, std::string_view prefix) const {
  QUIVER_TRY(std::vector<float> mean, read_shared(file, prefix, "mean", space().dims));
  return std::make_shared<LvqCoder>(bits_, space(), std::move(mean));
}

void LvqCoder::decode(const std::byte* row, float* out) const noexcept {
  const LvqConstants c = read(row);
  if (space().metric == Metric::Cosine && c.extra == 0) {  // a zero row
    std::fill_n(out, space().dims, 0.0F);
    return;
  }
  lvq_blocks(bits_, space().dims, row + constants(),
             [&](std::size_t start, const std::uint8_t* codes, std::size_t count) {
               for (std::size_t i = 0; i < count; ++i) {
                 out[start + i] = mean_[start + i] + (c.low + c.scale * static_cast<float>(codes[i]));
               }
             });
}

bool LvqCoder::encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const {
  std::vector<float>& residual = scratch.first;
  std::vector<std::uint8_t>& codes = scratch.codes;
  residual.resize(row.size());
  codes.resize(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) residual[i] = row[i] - mean_[i];
  LvqConstants c;
  float high = 0;
  simd::kernels().min_max(residual.data(), residual.size(), &c.low, &high);
  c.scale = (high - c.low) / static_cast<float>(levels());
  if (!std::isfinite(c.scale)) return false;
  float inverse = 1 / c.scale;
  if (!std::isfinite(inverse)) c.scale = inverse = 0;  // all coordinates alike, to within 1e-36
  for (std::size_t i = 0; i < row.size(); ++i) {
    // Never below 0, so that truncation rounds to the nearest; the highest may come out a rounding too high.
    const float level = (residual[i] - c.low) * inverse + 0.5F;
    codes[i] = static_cast<std::uint8_t>(std::min(level, static_cast<float>(levels())));
  }
  lvq_pack(bits_, codes, to + constants());
  if (space().metric == Metric::L2) {
    double squares = 0;
    for (const std::uint8_t code : codes) {
      const double r = static_cast<double>(c.low) + static_cast<double>(c.scale) * code;
      squares += r * r;
    }
    c.extra = static_cast<float>(squares);
  } else if (space().metric == Metric::Cosine && std::any_of(row.begin(), row.end(), [](float x) { return x != 0; })) {
    c.extra = 1;
    std::memcpy(to, &c, constants());
    decode(to, residual.data());
    const double squares =
        lvq_sum(row.size(), [&](std::size_t i) { return static_cast<double>(residual[i]) * residual[i]; });
    c.extra = squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0;
  }
  std::memcpy(to, &c, constants());
  return std::isfinite(c.extra);
}

std::unique_ptr<Scorer> LvqCoder::scorer(std::span<const float> query, const RowStore& rows) const {
  return std::make_unique<LvqScorer>(query, *this, rows);
}

LvqQuery::LvqQuery(std::span<const float> query, const LvqCoder& coder)
    : metric_(coder.space().metric), query_(query.begin(), query.end()) {
  const std::span<const float> mean = coder.mean();
  const auto squares = [](std::span<const float> x) {
    return lvq_sum(x.size(), [&](std::size_t i) { return static_cast<double>(x[i]) * x[i]; });
  };
  if (metric_ == Metric::L2) {
    for (std::size_t i = 0; i < query_.size(); ++i) query_[i] -= mean[i];
  }
  sum_ = lvq_sum(query_.size(), [&](std::size_t i) { return static_cast<double>(query_[i]); });
  absolute_sum_ = lvq_sum(query_.size(), [&](std::size_t i) { return std::abs(static_cast<double>(query_[i])); });
  mean_norm_ = std::sqrt(squares(mean));
  norm_ = std::sqrt(squares(query_));
  base_ = metric_ == Metric::L2
              ? norm_ * norm_
              : lvq_sum(query_.size(), [&](std::size_t i) { return static_cast<double>(query_[i]) * mean[i]; });
  inverse_ = norm_ > 0 ? 1 / norm_ : 0;
}

// Every term of a level's product is at most |q_i| * (max r - min r), and the range of r is at most twice its length.
double LvqQuery::error_bound(unsigned levels, double shortest, double longest) const noexcept {
  const double residual = longest + mean_norm_;
  const double unit = levels * (static_cast<double>(simd::error_ulps(query_.size())) + 4) * 0x1p-24;
  const double product = unit * (absolute_sum_ * 2 * residual + (norm_ + mean_norm_) * residual) +
                         static_cast<double>(query_.size()) * FLT_MIN;
  switch (metric_) {
    case Metric::L2:
      return 2 * product + 2 * unit * (norm_ + residual) * (norm_ + residual);
    case Metric::Cosine:
      if (!squarable(norm_) || !squarable(shortest) || !squarable(longest)) return HUGE_VAL;
      return longest == 0 || norm_ == 0 ? 0 : product / (norm_ * shortest) + 4 * unit;
    default:
      return product;
  }
}

}  // namespace quiver::internal
