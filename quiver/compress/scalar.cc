#include "quiver/compress/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::norm_of;
using internal::RowStore;

constexpr std::size_t kEncodeBlock = 256;  // rows converted at a time

struct RowLayout {
  Element element;
  Space space;
  bool keeps_inverse_norm() const { return element == Element::F16 && space.metric == Metric::Cosine; }
  std::size_t coordinates() const { return bytes_of(element, space.dims); }
  // The inverse norm lies behind the coordinates, on a 4-byte boundary.
  std::size_t norm_at() const { return (coordinates() + 3) / 4 * 4; }
  std::size_t stride() const {
    return internal::row_stride(keeps_inverse_norm() ? norm_at() + sizeof(float) : coordinates());
  }
};

// A kernel does it all: query and rows as one of its element types.
class KernelScorer final : public Scorer {
 public:
  KernelScorer(simd::BlockKernel kernel, std::vector<std::byte> query, Element element, const RowStore& rows,
               Metric metric, std::size_t dims)
      : kernel_(kernel), query_(std::move(query)), element_(element), rows_(rows), metric_(metric), dims_(dims) {}
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    kernel_(query_.data(), rows_.data(), rows_.stride(), rows.data(), rows.size(), dims_, distances);
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    kernel_(query_.data(), rows_.row(first), rows_.stride(), nullptr, count, dims_, distances);
  }
  double error_bound(double shortest, double longest) const noexcept override {
    return internal::kernel_error(metric_, dims_, norm(), shortest, longest);
  }

 private:
  // Found when a scan first asks; a graph never does.
  double norm() const noexcept {
    double known = norm_.load(std::memory_order_relaxed);
    if (known < 0) {
      std::vector<float> wide(dims_);
      widen(element_, query_.data(), dims_, wide.data());
      known = norm_of(wide);
      norm_.store(known, std::memory_order_relaxed);
    }
    return known;
  }
  simd::BlockKernel kernel_;
  std::vector<std::byte> query_;
  Element element_;
  mutable std::atomic<double> norm_{-1};
  const RowStore& rows_;
  Metric metric_;
  std::size_t dims_;
};

// Cosine over f16 rows: the product with a float query, times the inverse lengths.
class HalfCosineScorer final : public Scorer {
 public:
  HalfCosineScorer(std::span<const float> query, const RowStore& rows, std::size_t norm_at)
      : query_(query.begin(), query.end()), rows_(rows), norm_at_(norm_at) {
    const double norm = norm_of(query);
    inverse_ = norm > 0 ? 1 / norm : 0;
  }
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    dot_(query_.data(), rows_.data(), rows_.stride(), rows.data(), rows.size(), query_.size(), distances);
    for (std::size_t i = 0; i < rows.size(); ++i) distances[i] = finish(rows[i], distances[i]);
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    dot_(query_.data(), rows_.row(first), rows_.stride(), nullptr, count, query_.size(), distances);
    for (std::size_t i = 0; i < count; ++i) distances[i] = finish(first + i, distances[i]);
  }
  double error_bound(double shortest, double longest) const noexcept override {
    return internal::kernel_error(Metric::Cosine, query_.size(), inverse_, shortest, longest);
  }

 private:
  float finish(std::size_t row, float negated_dot) const noexcept {
    float inverse_norm;
    std::memcpy(&inverse_norm, rows_.row(row) + norm_at_, sizeof(float));
    return static_cast<float>(1 + negated_dot * inverse_ * inverse_norm);
  }
  simd::BlockKernel dot_ = simd::kernels().dot_f32_f16;
  std::vector<float> query_;
  const RowStore& rows_;
  std::size_t norm_at_;
  double inverse_;
};

// Both sides as floats: for a query that the rows' element type cannot hold.
class WideningScorer final : public Scorer {
 public:
  WideningScorer(std::span<const float> query, const RowStore& rows, Element element, Metric metric)
      : query_(query.begin(), query.end()), norm_(norm_of(query)), rows_(rows), element_(element), metric_(metric) {}
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    for (std::size_t i = 0; i < rows.size(); ++i) score_one(rows[i], distances + i);
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) score_one(first + i, distances + i);
  }
  double error_bound(double shortest, double longest) const noexcept override {
    return internal::kernel_error(metric_, query_.size(), norm_, shortest, longest);
  }

 private:
  void score_one(std::size_t row, float* distance) const noexcept {
    thread_local std::vector<float> wide;
    wide.resize(query_.size());
    widen(element_, rows_.row(row), query_.size(), wide.data());
    kernel_(query_.data(), reinterpret_cast<const std::byte*>(wide.data()), 0, nullptr, 1, query_.size(), distance);
  }
  std::vector<float> query_;
  double norm_;
  const RowStore& rows_;
  Element element_;
  Metric metric_;
  simd::BlockKernel kernel_ = simd::kernels().distance(metric_, Element::F32);
};

std::vector<std::byte> bytes_of_row(const std::byte* row, std::size_t size) { return {row, row + size}; }

class StoredCodes final : public Codes {
 public:
  StoredCodes(RowLayout layout, RowStore rows) : layout_(std::move(layout)), rows_(std::move(rows)) {}

  std::string spec() const override { return std::string(name_of(layout_.element)); }
  const Space& space() const noexcept override { return layout_.space; }
  std::size_t rows() const noexcept override { return rows_.rows(); }
  std::size_t bytes_per_row() const noexcept override { return rows_.stride(); }
  std::size_t bytes() const noexcept override { return rows_.bytes().size(); }
  bool floats() const noexcept override {
    return layout_.element == Element::F32 || layout_.element == Element::F16 || layout_.element == Element::Bf16;
  }
  MatrixView dense() const noexcept override {
    if (layout_.element != Element::F32) return {};
    return {reinterpret_cast<const float*>(rows_.data()), rows_.rows(), layout_.space.dims,
            rows_.stride() / sizeof(float)};
  }
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) {
      widen(layout_.element, rows_.row(first + i), layout_.space.dims, out + i * stride);
    }
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_codes(writer, prefix, spec(), layout_.space, rows_);
  }

  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override {
    const std::size_t dims = layout_.space.dims;
    const Metric metric = layout_.space.metric;
    QUIVER_TRY(const DenseInput input, DenseInput::of(query, dims, 0, "searching"));
    QUIVER_CHECK(input.rows() == 1);
    Matrix scratch;
    const std::span<const float> wide = input.floats(0, 1, scratch).row(0);
    const auto kernel_scorer = [&](simd::BlockKernel kernel, const std::byte* row, Element element) {
      return std::make_unique<KernelScorer>(kernel, bytes_of_row(row, bytes_of(element, dims)), element, rows_, metric,
                                            dims);
    };
    const auto* floats = reinterpret_cast<const std::byte*>(wide.data());
    const simd::Kernels& k = simd::kernels();
    if (layout_.element == Element::F32) {
      return kernel_scorer(k.distance(metric, Element::F32), floats, Element::F32);
    }
    if (layout_.element == Element::F16) {
      if (metric == Metric::L2) return kernel_scorer(k.l2_f32_f16, floats, Element::F32);
      if (metric == Metric::Dot) return kernel_scorer(k.dot_f32_f16, floats, Element::F32);
      if (metric == Metric::Cosine) return std::make_unique<HalfCosineScorer>(wide, rows_, layout_.norm_at());
    }
    // The query in the rows' element type, if it comes back from there unchanged.
    const auto narrow = to_element({wide.data(), 1, dims, dims}, layout_.element);
    if (narrow.has_value()) {
      std::vector<float> back(dims);
      widen(layout_.element, narrow->row(0), dims, back.data());
      if (std::equal(back.begin(), back.end(), wide.begin())) {
        return kernel_scorer(k.distance(metric, layout_.element), narrow->row(0), layout_.element);
      }
    }
    return std::make_unique<WideningScorer>(wide, rows_, layout_.element, metric);
  }

  void prefetch(std::span<const std::uint32_t> rows) const noexcept override { rows_.prefetch(rows); }
  void reserve(std::size_t rows) override { rows_.reserve(rows); }
  void truncate(std::size_t rows) noexcept override { rows_.drop_last(rows_.rows() - rows); }
  void overwrite(std::size_t to, std::size_t from) override { rows_.overwrite(to, from); }
  void keep(std::span<const std::uint32_t> rows) override { rows_.keep(rows); }
  Result<void> append(const RowsView& rows) override {
    QUIVER_TRY(const DenseInput input,
               DenseInput::of(rows, layout_.space.dims, rows_.rows(), "appending to " + spec()));
    return append(input, nullptr);
  }

  Result<void> append(const DenseInput& input, Run* run) {
    const std::size_t before = rows_.rows();
    rows_.grow(input.rows());
    auto done = input.typed().element == layout_.element ? copy(input, before) : convert(input, before, run);
    if (!done.has_value()) rows_.drop_last(input.rows());
    return done;
  }

 private:
  std::byte* writable(std::size_t row) noexcept {
    return const_cast<std::byte*>(rows_.row(row));
  }  // after grow(): ours

  Result<void> copy(const DenseInput& input, std::size_t first) {
    const std::size_t size = layout_.coordinates();
    const std::size_t odd_bits = layout_.element == Element::Bit ? layout_.space.dims % 8 : 0;
    for (std::size_t i = 0; i < input.rows(); ++i) {
      std::byte* to = writable(first + i);
      std::memcpy(to, input.typed().bytes.row(i).data(), size);
      if (odd_bits > 0) to[size - 1] &= static_cast<std::byte>((1U << odd_bits) - 1);
      keep_norm(to);
    }
    return {};
  }

  Result<void> convert(const DenseInput& input, std::size_t first, Run* run) {
    Matrix scratch;
    // Integers may refuse a value, and then the message must name the row: they are converted in one piece.
    const bool refuses = layout_.element == Element::I8 || layout_.element == Element::U8;
    const std::size_t step = refuses ? std::max<std::size_t>(input.rows(), 1) : kEncodeBlock;
    for (std::size_t begin = 0; begin < input.rows(); begin += step) {
      if (run != nullptr && run->stop()) return run->stopped("encoding rows as " + spec());
      const std::size_t count = std::min(step, input.rows() - begin);
      QUIVER_TRY(const TypedMatrix block, to_element(input.floats(begin, count, scratch), layout_.element));
      for (std::size_t i = 0; i < count; ++i) {
        std::byte* to = writable(first + begin + i);
        std::memcpy(to, block.row(i), layout_.coordinates());
        keep_norm(to);
      }
    }
    return {};
  }

  void keep_norm(std::byte* row) const {
    if (!layout_.keeps_inverse_norm()) return;
    std::vector<float> wide(layout_.space.dims);
    widen(layout_.element, row, wide.size(), wide.data());
    const double norm = norm_of(wide);
    const float inverse = norm > 0 ? static_cast<float>(1 / norm) : 0;
    std::memcpy(row + layout_.norm_at(), &inverse, sizeof(float));
  }

  RowLayout layout_;
  RowStore rows_;
};

class StoredQuantizer final : public Quantizer {
 public:
  explicit StoredQuantizer(RowLayout layout) : layout_(std::move(layout)) {}
  std::string spec() const override { return std::string(name_of(layout_.element)); }
  const Space& space() const noexcept override { return layout_.space; }
  Result<void> fit(MatrixView, MatrixView, Run&) override { return {}; }
  Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(base, layout_.space.dims, 0, "encoding as " + spec()));
    auto codes = std::make_unique<StoredCodes>(layout_, RowStore(layout_.stride()));
    QUIVER_TRY(codes->append(input, &run));
    return codes;
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_quantizer_header(writer, prefix, spec(), layout_.space);
  }

 private:
  RowLayout layout_;
};
}  // namespace

Result<std::unique_ptr<Quantizer>> make_stored(Element element, const Space& space) {
  const bool integer = element == Element::I8 || element == Element::U8;
  if (integer && space.dims > simd::kMaxIntegerDims) {
    return Error::invalid_argument(
        fmt::format("storing rows as {}: {} dims, at most {} can be summed in 32 bits; use f32", name_of(element),
                    space.dims, simd::kMaxIntegerDims));
  }
  return std::make_unique<StoredQuantizer>(RowLayout{element, space});
}

std::size_t stored_bytes_per_row(Element element, const Space& space) noexcept {
  return RowLayout{element, space}.stride();
}

Result<std::unique_ptr<Codes>> load_stored(Element element, const Space& space, const Container& file,
                                           std::string_view prefix) {
  RowLayout layout{element, space};
  QUIVER_TRY(RowStore rows, internal::map_rows(file, prefix, layout.stride()));
  return std::make_unique<StoredCodes>(std::move(layout), std::move(rows));
}

}  // namespace quiver
