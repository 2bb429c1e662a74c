#include "quiver/compress/coder.h"

#include <fmt/format.h>

#include <cmath>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/internal/coded_rows.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::CodedRows;
using internal::RowStore;

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
    internal::save_shared(writer, prefix, *coder_);
  }

 private:
  CoderPtr coder_;
};
}  // namespace

std::unique_ptr<Quantizer> quantizer_of(CoderPtr coder) { return std::make_unique<CoderQuantizer>(std::move(coder)); }

Result<std::unique_ptr<Codes>> load_codes_of(const Coder& coder, const Container& file, std::string_view prefix) {
  QUIVER_TRY(CoderPtr loaded, coder.load(file, prefix));
  const bool in_blocks = coder.blocks() && file.has(std::string(prefix) + internal::kBlocksSection);
  const char* section = in_blocks ? internal::kBlocksSection : internal::kRowsSection;
  QUIVER_TRY(RowStore rows, internal::map_rows(file, prefix, coder.stride(), section));
  return std::make_unique<CodedRows>(std::move(loaded), std::move(rows), in_blocks);
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
