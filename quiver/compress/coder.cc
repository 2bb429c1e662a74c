#include "quiver/compress/coder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::RowStore;

constexpr std::size_t kCoderGrain = 256;  // rows that a thread takes at a time

void save_shared(ContainerWriter& writer, std::string_view prefix, const Coder& coder) {
  for (const SharedArray& array : coder.shared()) {
    writer.add(std::string(prefix) + std::string(array.name), array.bytes);
  }
}

class CodedRows final : public Codes {
 public:
  CodedRows(CoderPtr coder, RowStore rows) : coder_(std::move(coder)), rows_(std::move(rows)) {}

  std::string spec() const override { return coder_->spec(); }
  const Space& space() const noexcept override { return coder_->space(); }
  std::size_t rows() const noexcept override { return rows_.rows(); }
  std::size_t bytes_per_row() const noexcept override { return rows_.stride(); }
  std::size_t bytes() const noexcept override {
    std::size_t bytes = rows_.bytes().size();
    for (const SharedArray& array : coder_->shared()) bytes += array.bytes.size();
    return bytes;
  }
  bool floats() const noexcept override { return coder_->floats(); }

  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(query, space().dims, 0, "searching"));
    QUIVER_CHECK(input.rows() == 1);
    Matrix scratch;
    return coder_->scorer(input.floats(0, 1, scratch).row(0), rows_);
  }
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) coder_->decode(rows_.row(first + i), out + i * stride);
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_codes(writer, prefix, spec(), space(), rows_);
    save_shared(writer, prefix, *coder_);
  }

  void prefetch(std::span<const std::uint32_t> rows) const noexcept override { rows_.prefetch(rows); }
  void truncate(std::size_t rows) noexcept override { rows_.drop_last(rows_.rows() - rows); }
  Result<void> append(const RowsView& rows) override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(rows, space().dims, rows_.rows(), "appending to " + spec()));
    return append(input, nullptr);
  }

  Result<void> append(const DenseInput& input, Run* run) {
    std::byte* to = rows_.grow(input.rows());
    std::fill_n(to, input.rows() * rows_.stride(), std::byte{0});  // room that truncate() gave back is not
    std::atomic<std::size_t> refused{input.rows()};                // the first row that cannot be coded
    const auto encode = [&](std::size_t begin, std::size_t end, unsigned) {
      if (run != nullptr && run->stop()) return;
      Matrix widened;
      CodingScratch scratch;
      const MatrixView rows = input.floats(begin, end - begin, widened);
      for (std::size_t i = begin; i < end; ++i) {
        if (coder_->encode(rows.row(i - begin), to + i * rows_.stride(), scratch)) continue;
        std::size_t first = refused;
        while (i < first && !refused.compare_exchange_weak(first, i)) {
        }
      }
    };
    if (run != nullptr) {
      run->threads().parallel_for(input.rows(), kCoderGrain, encode);
    } else if (input.rows() > 0) {
      encode(0, input.rows(), 0);
    }
    if (refused == input.rows() && (run == nullptr || !run->stop())) return {};
    rows_.drop_last(input.rows());
    if (refused == input.rows()) return run->stopped("encoding rows as " + spec());
    return Error::invalid_argument(
        fmt::format("encoding as {}: row {} is so long that its squared length overflows; scale the rows first", spec(),
                    refused.load()));
  }

 private:
  CoderPtr coder_;
  RowStore rows_;
};

class CoderQuantizer final : public Quantizer {
 public:
  explicit CoderQuantizer(CoderPtr coder) : coder_(std::move(coder)) {}
  std::string spec() const override { return coder_->spec(); }
  const Space& space() const noexcept override { return coder_->space(); }
  Result<void> fit(MatrixView base, MatrixView queries, Run& run) override {
    QUIVER_TRY(DenseInput::of(base, space().dims, 0, "fitting " + spec()));
    if (run.stop()) return run.stopped("fitting " + spec());
    QUIVER_TRY(coder_, coder_->fit(base, queries, run));  // codes made before keep their own
    return {};
  }
  Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const override {
    if (coder_->shared().empty()) {
      return Error::failed_precondition(fmt::format("encoding as {}: nothing was learned; call fit first", spec()));
    }
    QUIVER_TRY(const DenseInput input, DenseInput::of(base, space().dims, 0, "encoding as " + spec()));
    auto codes = std::make_unique<CodedRows>(coder_, RowStore(coder_->stride()));
    QUIVER_TRY(codes->append(input, &run));
    return codes;
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_quantizer_header(writer, prefix, spec(), space());
    save_shared(writer, prefix, *coder_);
  }

 private:
  CoderPtr coder_;
};
}  // namespace

std::unique_ptr<Quantizer> quantizer_of(CoderPtr coder) { return std::make_unique<CoderQuantizer>(std::move(coder)); }

Result<std::unique_ptr<Codes>> load_codes_of(const Coder& coder, const Container& file, std::string_view prefix) {
  QUIVER_TRY(CoderPtr loaded, coder.load(file, prefix));
  QUIVER_TRY(RowStore rows, internal::map_rows(file, prefix, coder.stride()));
  return std::make_unique<CodedRows>(std::move(loaded), std::move(rows));
}

Result<std::unique_ptr<Quantizer>> load_quantizer_of(const Coder& coder, const Container& file,
                                                     std::string_view prefix) {
  QUIVER_TRY(CoderPtr loaded, coder.load(file, prefix));
  return quantizer_of(std::move(loaded));
}

Result<void> check_metric(std::string_view spec, const Space& space) {
  if (space.metric != Metric::Manhattan && space.metric != Metric::Hamming) return {};
  return Error::invalid_argument(
      fmt::format("{}: its distances are l2, dot and cosine, the space has {}; store the rows as f32 or f16", spec,
                  name_of(space.metric)));
}

Result<std::vector<float>> read_shared(const Container& file, std::string_view prefix, std::string_view name,
                                       std::size_t count) {
  const std::string section = std::string(prefix) + std::string(name);
  QUIVER_TRY(const std::span<const float> values, file.array<float>(section));
  if (values.size() != count) {
    return Error::corruption(
        fmt::format("section '{}' has {} values where {} belong; write the file again", section, values.size(), count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite(values[i])) continue;
    return Error::corruption(fmt::format("section '{}' holds {} at {}; write the file again", section, values[i], i));
  }
  return std::vector<float>(values.begin(), values.end());
}

}  // namespace quiver
