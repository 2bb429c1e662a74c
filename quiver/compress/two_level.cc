#include "quiver/compress/two_level.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "quiver/compress/internal/coded_rows.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/internal/lvq_coder.h"
#include "quiver/core/linalg.h"

namespace quiver {
namespace {
using internal::CodedRows;
using internal::EncodeRow;
using internal::LvqCoder;
using internal::LvqConstants;
using internal::LvqQuery;
using internal::RowStore;
using LvqCoderPtr = std::shared_ptr<const LvqCoder>;

// How rows of both levels are laid out, and what they decode to.
struct Levels {
  LvqCoderPtr first;
  unsigned finer_bits;

  const Space& space() const noexcept { return first->space(); }
  std::string spec() const { return fmt::format("lvq({},{})", first->bits(), finer_bits); }
  unsigned finer_levels() const noexcept { return (1U << finer_bits) - 1; }
  std::size_t finer_constants() const noexcept { return space().metric == Metric::Dot ? 0 : sizeof(float); }
  std::size_t finer_stride() const noexcept {
    return internal::row_stride(finer_constants() + internal::lvq_code_bytes(finer_bits, space().dims));
  }
  float step(const LvqConstants& c) const noexcept { return c.scale / static_cast<float>(finer_levels()); }
  float extra(const std::byte* finer) const noexcept {
    float value = 0;
    if (finer_constants() > 0) std::memcpy(&value, finer, sizeof(float));
    return value;
  }

  void decode(const std::byte* row, const std::byte* finer, float* out) const noexcept {
    if (space().metric == Metric::Cosine && extra(finer) == 0) {
      std::fill_n(out, space().dims, 0.0F);
      return;
    }
    const LvqConstants c = first->read(row);
    first->decode(row, out);
    internal::lvq_blocks(finer_bits, space().dims, finer + finer_constants(),
                         [&](std::size_t start, const std::uint8_t* codes, std::size_t count) {
                           for (std::size_t i = 0; i < count; ++i) {
                             out[start + i] += step(c) * static_cast<float>(codes[i]) - c.scale / 2;
                           }
                         });
  }

  // The finer level of a row that the first has coded. False if its squared length is not finite.
  bool encode(std::span<const float> row, const std::byte* coded, std::byte* to, CodingScratch& scratch) const {
    const std::size_t dims = row.size();
    const LvqConstants c = first->read(coded);
    const std::span<const float> mean = first->mean();
    const float half = c.scale / 2, inverse = c.scale > 0 ? 1 / step(c) : 0, top = static_cast<float>(finer_levels());
    std::vector<float>& residual = scratch.first;  // of the first level; then what the row decodes to
    residual.resize(dims);
    scratch.codes.resize(dims);
    double squares = 0;
    internal::lvq_blocks(
        first->bits(), dims, coded + first->constants(),
        [&](std::size_t start, const std::uint8_t* codes, std::size_t count) {
          for (std::size_t i = start; i < start + count; ++i) {
            const float r = c.low + c.scale * static_cast<float>(codes[i - start]);
            const float level = (row[i] - mean[i] - r + half) * inverse + 0.5F;
            scratch.codes[i] = static_cast<std::uint8_t>(std::isfinite(level) ? std::clamp(level, 0.0F, top) : top / 2);
            const double both = static_cast<double>(c.low) + static_cast<double>(c.scale) * codes[i - start] +
                                static_cast<double>(step(c)) * scratch.codes[i] - half;
            squares += both * both;
          }
        });
    internal::lvq_pack(finer_bits, scratch.codes, to + finer_constants());
    if (space().metric == Metric::Dot) return true;
    auto value = static_cast<float>(squares);
    if (space().metric == Metric::Cosine) {
      value = std::any_of(row.begin(), row.end(), [](float x) { return x != 0; }) ? 1.0F : 0.0F;
      std::memcpy(to, &value, sizeof(float));  // what decode() asks for zero rows
      decode(coded, to, residual.data());
      const double length =
          internal::lvq_sum(dims, [&](std::size_t i) { return static_cast<double>(residual[i]) * residual[i]; });
      value = length > 0 ? static_cast<float>(1 / std::sqrt(length)) : 0;
    }
    std::memcpy(to, &value, sizeof(float));
    return std::isfinite(value);
  }
};

class TwoLevelScorer final : public Scorer {
 public:
  TwoLevelScorer(std::span<const float> query, const Levels& levels, const RowStore& rows, const RowStore& finer)
      : levels_(levels),
        rows_(rows),
        finer_(finer),
        query_(query, *levels.first),
        dot_(internal::lvq_kernel(levels.first->bits())),
        finer_dot_(internal::lvq_kernel(levels.finer_bits)) {}

  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    for (std::size_t done = 0; done < rows.size(); done += kBlock) {
      const auto block = rows.subspan(done, std::min(kBlock, rows.size() - done));
      score_block(rows_.data(), finer_.data(), block.data(), block.size(), distances + done);
    }
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    for (std::size_t done = 0; done < count; done += kBlock) {
      score_block(rows_.row(first + done), finer_.row(first + done), nullptr, std::min(kBlock, count - done),
                  distances + done);
    }
  }
  double error_bound(double shortest, double longest) const noexcept override {
    return query_.error_bound(2, shortest, longest);
  }

 private:
  static constexpr std::size_t kBlock = 256;

  // Rows `rows[i]`, or i where it is null, counted from `first` and `finer`.
  void score_block(const std::byte* first, const std::byte* finer, const std::uint32_t* rows, std::size_t count,
                   float* distances) const noexcept {
    std::array<float, kBlock> below{};
    const std::span<const float> weights = query_.weights();
    dot_(weights.data(), first + levels_.first->constants(), rows_.stride(), rows, count, weights.size(), distances);
    finer_dot_(weights.data(), finer + levels_.finer_constants(), finer_.stride(), rows, count, weights.size(),
               below.data());
    const auto at = [&](std::size_t i) { return rows != nullptr ? rows[i] : i; };
    query_.finish(count, distances, [&](std::size_t i) {
      const LvqConstants c = levels_.first->read(first + at(i) * rows_.stride());
      const double product = (static_cast<double>(c.low) - c.scale / 2) * query_.sum() +
                             static_cast<double>(c.scale) * distances[i] +
                             static_cast<double>(levels_.step(c)) * below[i];
      return LvqQuery::Terms{product, levels_.extra(finer + at(i) * finer_.stride())};
    });
  }

  const Levels& levels_;
  const RowStore &rows_, &finer_;
  LvqQuery query_;
  simd::BlockKernel dot_, finer_dot_;
};

class TwoLevelCodes final : public Codes {
 public:
  TwoLevelCodes(Levels levels, RowStore rows, RowStore finer)
      : levels_(std::move(levels)), first_(levels_.first, std::move(rows)), finer_(std::move(finer)) {}

  std::string spec() const override { return levels_.spec(); }
  const Space& space() const noexcept override { return levels_.space(); }
  std::size_t rows() const noexcept override { return finer_.rows(); }
  std::size_t bytes_per_row() const noexcept override { return first_.bytes_per_row() + finer_.stride(); }
  std::size_t bytes() const noexcept override { return first_.bytes() + finer_.bytes().size(); }
  bool floats() const noexcept override { return true; }
  const Codes* first_level() const noexcept override { return &first_; }

  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(query, space().dims, 0, "searching"));
    QUIVER_CHECK(input.rows() == 1);
    Matrix scratch;
    return std::make_unique<TwoLevelScorer>(input.floats(0, 1, scratch).row(0), levels_, first_.stored(), finer_);
  }
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) {
      levels_.decode(first_.stored().row(first + i), finer_.row(first + i), out + i * stride);
    }
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_codes(writer, prefix, spec(), space(), first_.stored());
    writer.add(std::string(prefix) + "finer", finer_.bytes());
    internal::save_shared(writer, prefix, *levels_.first);
  }
  void prefetch(std::span<const std::uint32_t> rows) const noexcept override {
    first_.prefetch(rows);
    finer_.prefetch(rows);
  }
  void reserve(std::size_t rows) override {
    first_.reserve(rows);
    finer_.reserve(rows);
  }
  void truncate(std::size_t rows) noexcept override {
    first_.truncate(rows);
    finer_.drop_last(finer_.rows() - rows);
  }
  void overwrite(std::size_t to, std::size_t from) override {
    first_.overwrite(to, from);
    finer_.overwrite(to, from);
  }
  void keep(std::span<const std::uint32_t> rows) override {
    first_.keep(rows);
    finer_.keep(rows);
  }
  Result<void> append(const RowsView& rows) override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(rows, space().dims, this->rows(), "appending to " + spec()));
    return append(input, nullptr);
  }

  Result<void> append(const DenseInput& input, Run* run) {
    const std::size_t before = rows();
    QUIVER_TRY(first_.append(input, run));
    std::byte* to = finer_.grow(input.rows());
    std::fill_n(to, input.rows() * finer_.stride(), std::byte{0});
    auto done = internal::encode_rows(input, spec(), run, [&]() -> EncodeRow {
      return [this, to, before, scratch = CodingScratch()](std::size_t i, std::span<const float> row) mutable {
        return levels_.encode(row, first_.stored().row(before + i), to + i * finer_.stride(), scratch);
      };
    });
    if (!done.has_value()) truncate(before);
    return done;
  }

 private:
  Levels levels_;
  CodedRows first_;
  RowStore finer_;
};

class TwoLevelQuantizer final : public Quantizer {
 public:
  explicit TwoLevelQuantizer(Levels levels) : levels_(std::move(levels)) {}
  std::string spec() const override { return levels_.spec(); }
  const Space& space() const noexcept override { return levels_.space(); }
  Result<void> fit(MatrixView base, MatrixView, Run& run) override {
    QUIVER_TRY(DenseInput::of(base, space().dims, 0, "fitting " + spec()));
    if (run.stop()) return run.stopped("fitting " + spec());
    levels_.first = std::make_shared<LvqCoder>(levels_.first->bits(), space(), column_means(base));
    return {};
  }
  Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const override {
    if (levels_.first->mean().empty()) {
      return Error::failed_precondition(fmt::format("encoding as {}: nothing was learned; call fit first", spec()));
    }
    QUIVER_TRY(const DenseInput input, DenseInput::of(base, space().dims, 0, "encoding as " + spec()));
    auto codes =
        std::make_unique<TwoLevelCodes>(levels_, RowStore(levels_.first->stride()), RowStore(levels_.finer_stride()));
    QUIVER_TRY(codes->append(input, &run));
    return codes;
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_quantizer_header(writer, prefix, spec(), space());
    internal::save_shared(writer, prefix, *levels_.first);
  }

 private:
  Levels levels_;
};

Levels unfitted(unsigned bits, unsigned finer_bits, const Space& space) {
  return {std::make_shared<LvqCoder>(bits, space, std::vector<float>()), finer_bits};
}

Result<Levels> load_levels(unsigned bits, unsigned finer_bits, const Space& space, const Container& file,
                           std::string_view prefix) {
  QUIVER_TRY(std::vector<float> mean, read_shared(file, prefix, "mean", space.dims));
  return Levels{std::make_shared<LvqCoder>(bits, space, std::move(mean)), finer_bits};
}
}  // namespace

Result<std::unique_ptr<Quantizer>> make_two_level_lvq(unsigned bits, unsigned finer_bits, const Space& space) {
  const std::string spec = fmt::format("lvq({},{})", bits, finer_bits);
  if ((bits != 4 && bits != 8) || (finer_bits != 4 && finer_bits != 8)) {
    return Error::invalid_argument(
        fmt::format("{}: both levels have 4 or 8 bits; write lvq(4,4), lvq(4,8) or lvq(8,8)", spec));
  }
  QUIVER_TRY(check_metric(spec, space));
  return std::make_unique<TwoLevelQuantizer>(unfitted(bits, finer_bits, space));
}

std::size_t two_level_lvq_bytes_per_row(unsigned bits, unsigned finer_bits, const Space& space) noexcept {
  const Levels levels = unfitted(bits, finer_bits, space);
  return levels.first->stride() + levels.finer_stride();
}

Result<std::unique_ptr<Codes>> load_two_level_lvq(unsigned bits, unsigned finer_bits, const Space& space,
                                                  const Container& file, std::string_view prefix) {
  QUIVER_TRY(Levels levels, load_levels(bits, finer_bits, space, file, prefix));
  QUIVER_TRY(RowStore rows, internal::map_rows(file, prefix, levels.first->stride()));
  QUIVER_TRY(RowStore finer, internal::map_rows(file, prefix, levels.finer_stride(), "finer"));
  return std::make_unique<TwoLevelCodes>(std::move(levels), std::move(rows), std::move(finer));
}

Result<std::unique_ptr<Quantizer>> load_two_level_lvq_quantizer(unsigned bits, unsigned finer_bits, const Space& space,
                                                                const Container& file, std::string_view prefix) {
  QUIVER_TRY(Levels levels, load_levels(bits, finer_bits, space, file, prefix));
  return std::make_unique<TwoLevelQuantizer>(std::move(levels));
}

}  // namespace quiver
