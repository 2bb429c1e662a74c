#include "quiver/compress/lvq.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/core/linalg.h"
#include "quiver/core/metric.h"
#include "quiver/simd/packed_u4.h"

namespace quiver {
namespace {
using internal::RowStore;

constexpr std::size_t kEncodeGrain = 256;  // rows that a thread takes at a time

// What a row keeps beside its codes, read and written through memcpy: rows are packed bytes.
struct RowConstants {
  float scale = 0, low = 0;
  float extra = 0;  // L2: |decoded - mean|^2; Cosine: 1 / |decoded|; not stored for Dot
};

struct Layout {
  unsigned bits;
  Space space;
  std::vector<float> mean;

  unsigned levels() const { return (1U << bits) - 1; }
  std::size_t constants() const { return (space.metric == Metric::Dot ? 2 : 3) * sizeof(float); }
  std::size_t code_bytes() const { return bits == 8 ? space.dims : simd::packed_u4_bytes(space.dims); }
  std::size_t stride() const { return internal::row_stride(constants() + code_bytes()); }
  std::string spec() const { return fmt::format("lvq({})", bits); }

  RowConstants read(const std::byte* row) const noexcept {
    RowConstants c;
    std::memcpy(&c.scale, row, sizeof(float));
    std::memcpy(&c.low, row + 4, sizeof(float));
    if (space.metric != Metric::Dot) std::memcpy(&c.extra, row + 8, sizeof(float));
    return c;
  }
  void decode(const std::byte* row, float* out) const noexcept {
    const RowConstants c = read(row);
    if (space.metric == Metric::Cosine && c.extra == 0) {  // a zero row
      std::fill_n(out, space.dims, 0.0F);
      return;
    }
    const auto* codes = reinterpret_cast<const std::uint8_t*>(row + constants());
    std::uint8_t unpacked[simd::kPackedBlock];
    for (std::size_t start = 0; start < space.dims; start += simd::kPackedBlock) {
      const std::size_t count = std::min(simd::kPackedBlock, space.dims - start);
      if (bits == 4) simd::unpack_u4(codes + start / 2, count, unpacked);
      const std::uint8_t* block = bits == 4 ? unpacked : codes + start;
      for (std::size_t i = 0; i < count; ++i) {
        out[start + i] = mean[start + i] + (c.low + c.scale * static_cast<float>(block[i]));
      }
    }
  }
};

// A sum in double, over eight chains at once: a query is prepared in a fraction of a microsecond.
template <class Term>
double sum_over(std::size_t count, Term term) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (; i < count; ++i) lanes[i % kLanes] += term(i);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

double sum_of_squares(std::span<const float> values) {
  return sum_over(values.size(), [&](std::size_t i) { return static_cast<double>(values[i]) * values[i]; });
}

class LvqScorer final : public Scorer {
 public:
  LvqScorer(std::span<const float> query, const Layout& layout, const RowStore& rows)
      : layout_(layout), rows_(rows), query_(query.begin(), query.end()) {
    if (layout.space.metric == Metric::L2) {
      for (std::size_t i = 0; i < query_.size(); ++i) query_[i] -= layout.mean[i];
    }
    sum_ = sum_over(query_.size(), [&](std::size_t i) { return static_cast<double>(query_[i]); });
    absolute_sum_ = sum_over(query_.size(), [&](std::size_t i) { return std::abs(static_cast<double>(query_[i])); });
    mean_norm_ = std::sqrt(sum_of_squares(layout.mean));
    norm_ = std::sqrt(sum_of_squares(query_));
    base_ = layout.space.metric == Metric::L2 ? norm_ * norm_ : sum_over(query_.size(), [&](std::size_t i) {
      return static_cast<double>(query_[i]) * layout.mean[i];
    });
    inverse_ = norm_ > 0 ? 1 / norm_ : 0;
    const simd::Kernels& k = simd::kernels();
    dot_ = layout.bits == 8 ? k.dot_f32_u8 : k.dot_f32_u4;
  }

  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    dot_(query_.data(), rows_.data() + layout_.constants(), rows_.stride(), rows.data(), rows.size(), query_.size(),
         distances);
    finish(rows.size(), distances, [&](std::size_t i) { return rows_.row(rows[i]); });
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    dot_(query_.data(), rows_.row(first) + layout_.constants(), rows_.stride(), nullptr, count, query_.size(),
         distances);
    finish(count, distances, [&](std::size_t i) { return rows_.row(first + i); });
  }

  // Every term of the product is at most |q_i| * (max r - min r), and the range of r is at most twice its length.
  double error_bound(double shortest, double longest) const noexcept override {
    const double residual = longest + mean_norm_;
    const double unit = (static_cast<double>(simd::error_ulps(query_.size())) + 4) * 0x1p-24;
    const double bracket = unit * (absolute_sum_ * 2 * residual + (norm_ + mean_norm_) * residual) +
                           static_cast<double>(query_.size()) * FLT_MIN;
    switch (layout_.space.metric) {
      case Metric::L2:
        return 2 * bracket + 2 * unit * (norm_ + residual) * (norm_ + residual);
      case Metric::Cosine:
        if (!internal::squarable(norm_) || !internal::squarable(shortest) || !internal::squarable(longest))
          return HUGE_VAL;
        return longest == 0 || norm_ == 0 ? 0 : bracket / (norm_ * shortest) + 4 * unit;
      default:
        return bracket;
    }
  }

 private:
  // Products with the codes become distances. One loop per metric: this runs once for every row of a scan.
  template <class RowAt>
  void finish(std::size_t count, float* distances, RowAt row_at) const noexcept {
    const auto bracket = [&](const RowConstants& c, float dot) {
      return static_cast<double>(c.low) * sum_ + static_cast<double>(c.scale) * dot;
    };
    switch (layout_.space.metric) {
      case Metric::L2:
        for (std::size_t i = 0; i < count; ++i) {
          const RowConstants c = layout_.read(row_at(i));
          distances[i] = static_cast<float>(std::max(0.0, base_ - 2 * bracket(c, distances[i]) + c.extra));
        }
        return;
      case Metric::Cosine:
        for (std::size_t i = 0; i < count; ++i) {
          const RowConstants c = layout_.read(row_at(i));
          distances[i] = static_cast<float>(1 - (base_ + bracket(c, distances[i])) * inverse_ * c.extra);
        }
        return;
      default:
        for (std::size_t i = 0; i < count; ++i) {
          distances[i] = static_cast<float>(-(base_ + bracket(layout_.read(row_at(i)), distances[i])));
        }
    }
  }

  const Layout& layout_;
  const RowStore& rows_;
  std::vector<float> query_;  // L2: less the mean
  simd::BlockKernel dot_;
  double base_ = 0, sum_ = 0, absolute_sum_ = 0, norm_ = 0, inverse_ = 0, mean_norm_ = 0;
};

class LvqCodes final : public Codes {
 public:
  LvqCodes(std::shared_ptr<const Layout> layout, RowStore rows) : layout_(std::move(layout)), rows_(std::move(rows)) {}

  std::string spec() const override { return layout_->spec(); }
  const Space& space() const noexcept override { return layout_->space; }
  std::size_t rows() const noexcept override { return rows_.rows(); }
  std::size_t bytes_per_row() const noexcept override { return rows_.stride(); }
  std::size_t bytes() const noexcept override { return rows_.bytes().size() + layout_->mean.size() * sizeof(float); }
  bool floats() const noexcept override { return true; }
  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(query, layout_->space.dims, 0, "searching"));
    QUIVER_CHECK(input.rows() == 1);
    Matrix scratch;
    return std::make_unique<LvqScorer>(input.floats(0, 1, scratch).row(0), *layout_, rows_);
  }
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) layout_->decode(rows_.row(first + i), out + i * stride);
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_codes(writer, prefix, spec(), layout_->space, rows_);
    writer.add_array(std::string(prefix) + "mean", std::span<const float>(layout_->mean));
  }

  void prefetch(std::span<const std::uint32_t> rows) const noexcept override { rows_.prefetch(rows); }
  void truncate(std::size_t rows) noexcept override { rows_.drop_last(rows_.rows() - rows); }
  Result<void> append(const RowsView& rows) override {
    QUIVER_TRY(const DenseInput input,
               DenseInput::of(rows, layout_->space.dims, rows_.rows(), "appending to " + spec()));
    return append(input, nullptr);
  }

  Result<void> append(const DenseInput& input, Run* run) {
    std::byte* to = rows_.grow(input.rows());
    std::atomic<std::size_t> refused{input.rows()};  // the first row that cannot be coded
    const auto encode = [&](std::size_t begin, std::size_t end, unsigned) {
      if (run != nullptr && run->stop()) return;
      Matrix scratch;
      Encoder encoder(*layout_);
      const MatrixView rows = input.floats(begin, end - begin, scratch);
      for (std::size_t i = begin; i < end; ++i) {
        if (encoder.encode(rows.row(i - begin), to + i * rows_.stride())) continue;
        std::size_t first = refused;
        while (i < first && !refused.compare_exchange_weak(first, i)) {
        }
      }
    };
    if (run != nullptr)
      run->threads().parallel_for(input.rows(), kEncodeGrain, encode);
    else if (input.rows() > 0)
      encode(0, input.rows(), 0);
    if (refused == input.rows() && (run == nullptr || !run->stop())) return {};
    rows_.drop_last(input.rows());
    if (refused == input.rows()) return run->stopped("encoding rows as " + spec());
    return Error::invalid_argument(
        fmt::format("encoding as {}: row {} is so long that its squared length overflows; scale the rows first", spec(),
                    refused.load()));
  }

 private:
  // Scratch of one thread for encoding row after row.
  class Encoder {
   public:
    explicit Encoder(const Layout& layout) : layout_(layout), residual_(layout.space.dims), codes_(layout.space.dims) {}

    // False if the row's squared length is not finite.
    bool encode(std::span<const float> row, std::byte* to) {
      const Layout& l = layout_;
      for (std::size_t i = 0; i < row.size(); ++i) residual_[i] = row[i] - l.mean[i];
      RowConstants c;
      float high = 0;
      simd::kernels().min_max(residual_.data(), residual_.size(), &c.low, &high);
      c.scale = (high - c.low) / static_cast<float>(l.levels());
      if (!std::isfinite(c.scale)) return false;
      float inverse = 1 / c.scale;
      if (!std::isfinite(inverse)) c.scale = inverse = 0;  // all coordinates alike, to within 1e-36
      for (std::size_t i = 0; i < row.size(); ++i) {
        // Never below 0, so that truncation rounds to the nearest; the highest may come out a rounding too high.
        const float level = (residual_[i] - c.low) * inverse + 0.5F;
        codes_[i] = static_cast<std::uint8_t>(std::min(level, static_cast<float>(l.levels())));
      }
      auto* packed = reinterpret_cast<std::uint8_t*>(to + l.constants());
      if (l.bits == 8)
        std::copy(codes_.begin(), codes_.end(), packed);
      else
        simd::pack_u4(codes_.data(), codes_.size(), packed);
      if (!add_extra(row, c, to)) return false;
      std::memcpy(to, &c, l.constants());
      return true;
    }

   private:
    bool add_extra(std::span<const float> row, RowConstants& c, std::byte* to) {
      if (layout_.space.metric == Metric::L2) {
        double squares = 0;
        for (const std::uint8_t code : codes_) {
          const double r = static_cast<double>(c.low) + static_cast<double>(c.scale) * code;
          squares += r * r;
        }
        c.extra = static_cast<float>(squares);
      } else if (layout_.space.metric == Metric::Cosine) {
        if (std::all_of(row.begin(), row.end(), [](float x) { return x == 0; })) return true;  // extra 0: a zero row
        c.extra = 1;
        std::memcpy(to, &c, layout_.constants());
        layout_.decode(to, residual_.data());
        const double squares = sum_of_squares(residual_);
        c.extra = squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0;
      }
      return std::isfinite(c.extra);
    }
    const Layout& layout_;
    std::vector<float> residual_;
    std::vector<std::uint8_t> codes_;
  };

  std::shared_ptr<const Layout> layout_;
  RowStore rows_;
};

class LvqQuantizer final : public Quantizer {
 public:
  explicit LvqQuantizer(Layout layout) : layout_(std::make_shared<const Layout>(std::move(layout))) {}
  std::string spec() const override { return layout_->spec(); }
  const Space& space() const noexcept override { return layout_->space; }
  Result<void> fit(MatrixView base, MatrixView, Run& run) override {
    QUIVER_TRY(DenseInput::of(base, layout_->space.dims, 0, "fitting " + spec()));
    if (run.stop()) return run.stopped("fitting " + spec());
    Layout fitted = *layout_;
    fitted.mean = column_means(base);
    layout_ = std::make_shared<const Layout>(std::move(fitted));  // codes made before keep their own
    return {};
  }
  Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const override {
    if (layout_->mean.empty()) {
      return Error::failed_precondition(fmt::format("encoding as {}: its mean is not known; call fit first", spec()));
    }
    QUIVER_TRY(const DenseInput input, DenseInput::of(base, layout_->space.dims, 0, "encoding as " + spec()));
    auto codes = std::make_unique<LvqCodes>(layout_, RowStore(layout_->stride()));
    QUIVER_TRY(codes->append(input, &run));
    return codes;
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_quantizer_header(writer, prefix, spec(), layout_->space);
    writer.add_array(std::string(prefix) + "mean", std::span<const float>(layout_->mean));
  }

 private:
  std::shared_ptr<const Layout> layout_;
};

Result<Layout> load_layout(unsigned bits, const Space& space, const Container& file, std::string_view prefix) {
  const std::string name = std::string(prefix) + "mean";
  QUIVER_TRY(const std::span<const float> mean, file.array<float>(name));
  if (mean.size() != space.dims) {
    return Error::corruption(fmt::format("section '{}' has {} values, the space has {} dims; write the file again",
                                         name, mean.size(), space.dims));
  }
  return Layout{bits, space, {mean.begin(), mean.end()}};
}
}  // namespace

Result<std::unique_ptr<Quantizer>> make_lvq(unsigned bits, const Space& space) {
  if (bits != 4 && bits != 8) {
    return Error::invalid_argument(fmt::format("lvq({}): codes have 4 or 8 bits; write lvq(8) or lvq(4)", bits));
  }
  if (space.metric == Metric::Manhattan || space.metric == Metric::Hamming) {
    return Error::invalid_argument(
        fmt::format("lvq({}): its distances are l2, dot and cosine, the space has {}; store the rows as f32 or f16",
                    bits, name_of(space.metric)));
  }
  return std::make_unique<LvqQuantizer>(Layout{bits, space, {}});
}

std::size_t lvq_bytes_per_row(unsigned bits, const Space& space) noexcept { return Layout{bits, space, {}}.stride(); }

Result<std::unique_ptr<Codes>> load_lvq(unsigned bits, const Space& space, const Container& file,
                                        std::string_view prefix) {
  QUIVER_TRY(Layout layout, load_layout(bits, space, file, prefix));
  QUIVER_TRY(RowStore rows, internal::map_rows(file, prefix, layout.stride()));
  return std::make_unique<LvqCodes>(std::make_shared<const Layout>(std::move(layout)), std::move(rows));
}

Result<std::unique_ptr<Quantizer>> load_lvq_quantizer(unsigned bits, const Space& space, const Container& file,
                                                      std::string_view prefix) {
  QUIVER_TRY(Layout layout, load_layout(bits, space, file, prefix));
  return std::make_unique<LvqQuantizer>(std::move(layout));
}

}  // namespace quiver
