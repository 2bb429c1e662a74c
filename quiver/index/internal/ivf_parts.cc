#include "quiver/index/internal/ivf_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/index/internal/ivf_blocks.h"
#include "quiver/index/internal/ivf_codes.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr const char* kIvf = "ivf/";
constexpr const char* kFine = "rerank/";
constexpr std::size_t kChunk = 8192;          // rows that are floats at one time
constexpr std::size_t kLeastSample = 32'768;  // of rows to learn from
constexpr std::size_t kSampleOfList = 64;     // and more of them for many lists
constexpr std::size_t kDirections = 16'384;   // that 4-bit codes are learned from
constexpr std::size_t kDirectionsOfNothing = 256;
const QuantizerSpec kUsualFine{"f16", {}};

std::size_t lists_for(std::size_t rows) {
  return static_cast<std::size_t>(std::clamp(std::sqrt(static_cast<double>(rows)), 1.0, 262'144.0));
}
// 4-bit groups for so many dimensions.
std::size_t codes_for(std::size_t dims) { return std::clamp<std::size_t>((dims * 3 / 4 + 3) / 4 * 4, 8, 128); }

Result<void> check_fast_scan(const QuantizerSpec& codes) {
  const unsigned groups = codes.arguments[0];
  if (groups > 0 && groups % 4 == 0 && groups <= simd::kMaxGroups) return {};
  return Error::invalid_argument(
      fmt::format("{}: in lists, 4-bit codes come in multiples of 4 up to {}; write pq({},4)", codes.text(),
                  simd::kMaxGroups, std::clamp((groups + 3) / 4 * 4, 4U, unsigned{simd::kMaxGroups})));
}

// The given rows in the element type they come in, one behind another.
TypedMatrix gather(const DenseInput& rows, std::span<const std::uint32_t> which) {
  const TypedView& all = rows.typed();
  TypedMatrix out(all.element, which.size(), all.dims);
  for (std::size_t i = 0; i < which.size(); ++i) {
    std::memcpy(out.row(i), all.bytes.data + which[i] * all.bytes.stride, all.bytes.cols);
  }
  return out;
}

class IvfBuilder {
 public:
  IvfBuilder(IndexSpec& spec, const DenseInput& rows, const Space& space, Run& run)
      : spec_(spec), rows_(rows), space_(space), run_(run) {}

  Result<IvfParts> build(MatrixView sample_queries) {
    complete_codes();
    QUIVER_TRY(learn());
    QUIVER_TRY(deal());
    QUIVER_TRY(fill(sample_queries));
    return std::move(parts_);
  }

 private:
  void complete_codes() {
    if (!spec_.codes && !spec_.rerank) spec_.rerank = kUsualFine;
    if (spec_.codes && is_fast_scan(*spec_.codes) && !spec_.rerank) spec_.rerank = kUsualFine;
  }

  // What is learned from a sample: short space, centres, and codes that depend on the number of dimensions.
  Result<void> learn() {
    if (spec_.arguments[0] == 0) spec_.arguments[0] = static_cast<unsigned>(lists_for(rows_.rows()));
    const std::size_t wanted = std::max<std::size_t>(kLeastSample, kSampleOfList * spec_.arguments[0]);
    Random random(run_.seed(), stream_of("inverted file sample"));
    std::vector<std::uint32_t> chosen = random.sample(static_cast<std::uint32_t>(rows_.rows()),
                                                      static_cast<std::uint32_t>(std::min(wanted, rows_.rows())));
    std::sort(chosen.begin(), chosen.end());
    if (space_.metric == Metric::Dot) chosen.push_back(longest());  // inner products are measured against it
    const TypedMatrix sample = gather(rows_, chosen);
    sample_ = to_float(sample.view());
    QUIVER_TRY(parts_.short_space, GraphSpace::fit(sample_.view(), space_, spec_.arguments[1], run_));
    spec_.arguments[1] = static_cast<unsigned>(parts_.short_space.dims());
    if (!spec_.codes) {
      spec_.codes = QuantizerSpec{"pq", {static_cast<unsigned>(codes_for(parts_.short_space.dims())), 4}};
    }
    points_ = parts_.short_space.points(sample_.view(), &run_.threads());
    QUIVER_TRY(IvfPartition partition, IvfPartition::fit(points_.view(), spec_.arguments[0], run_));
    parts_.partition = std::make_shared<const IvfPartition>(std::move(partition));
    return {};
  }

  std::uint32_t longest() const {
    std::uint32_t best = 0;
    float most = -1;
    Matrix scratch;
    for (std::size_t first = 0; first < rows_.rows(); first += kChunk) {
      const MatrixView some = rows_.floats(first, std::min(kChunk, rows_.rows() - first), scratch);
      for (std::size_t i = 0; i < some.rows; ++i) {
        const float squared = simd::kernels().squared_norm(some.row(i).data(), some.cols);
        if (squared <= most) continue;
        most = squared;
        best = static_cast<std::uint32_t>(first + i);
      }
    }
    return best;
  }

  // Every row to its list; then the order of positions: list by list, rows of a list rising.
  Result<void> deal() {
    std::vector<std::uint32_t> list_of(rows_.rows());
    auto stage = run_.stage("assign", rows_.rows());
    Matrix scratch;
    for (std::size_t first = 0; first < rows_.rows(); first += kChunk) {
      if (run_.stop()) return run_.stopped("assigning rows to lists");
      const std::size_t count = std::min(kChunk, rows_.rows() - first);
      const Matrix points = parts_.short_space.points(rows_.floats(first, count, scratch), &run_.threads());
      parts_.partition->assign(points.view(), std::span(list_of).subspan(first, count), run_.threads());
      stage.advance(count);
    }
    begins_.assign(parts_.partition->lists() + 1, 0);
    for (const std::uint32_t list : list_of) ++begins_[list + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
    parts_.own_order.resize(rows_.rows());
    for (std::uint32_t row = 0; row < list_of.size(); ++row) parts_.own_order[next[list_of[row]]++] = row;
    parts_.order = parts_.own_order;
    return {};
  }

  // Unit vectors from centres to rows of the sample.
  Matrix directions() const {
    const std::size_t every = std::max<std::size_t>(1, points_.rows() / kDirections);
    Matrix out(std::max(points_.rows() / every + 1, kDirectionsOfNothing), points_.cols());
    std::vector<std::uint32_t> list_of(points_.rows());
    parts_.partition->assign(points_.view(), list_of, run_.threads());
    std::size_t count = 0;
    const auto keep_unit = [&] {
      const std::span<float> direction = out.row(count);
      const float squared = simd::kernels().squared_norm(direction.data(), direction.size());
      if (!(squared > 0)) return;
      const float inverse = 1 / std::sqrt(squared);
      for (float& x : direction) x *= inverse;
      ++count;
    };
    for (std::size_t i = 0; i < points_.rows(); i += every) {
      const std::span<const float> centre = parts_.partition->centre(list_of[i]), point = points_.row(i);
      for (std::size_t d = 0; d < point.size(); ++d) out.row(count)[d] = point[d] - centre[d];
      keep_unit();
    }
    // All rows are centres: those added later may lie anywhere.
    Random random(run_.seed(), stream_of("inverted file directions"));
    for (std::size_t i = 0; count == 0 || (count == i && i < kDirectionsOfNothing); ++i) {
      for (float& x : out.row(count)) x = random.normal();
      keep_unit();
    }
    Matrix kept = Matrix::copy_of(out.view().slice(0, count));
    return kept;
  }

  Result<std::unique_ptr<Quantizer>> fitted(const QuantizerSpec& spec, MatrixView sample_queries) const {
    QUIVER_TRY(std::unique_ptr<Quantizer> quantizer, make_quantizer(spec, space_));
    QUIVER_TRY(quantizer->fit(sample_.view(), sample_queries, run_));
    return quantizer;
  }

  // The codes of all rows, in the order of positions.
  Result<void> fill(MatrixView sample_queries) {
    std::unique_ptr<Quantizer> coarse_maker, fine_maker;
    std::unique_ptr<Codes> coarse;
    IvfBlocks* blocks = nullptr;
    std::vector<std::uint32_t> sizes(parts_.partition->lists());
    for (std::size_t l = 0; l < sizes.size(); ++l) sizes[l] = static_cast<std::uint32_t>(begins_[l + 1] - begins_[l]);
    if (is_fast_scan(*spec_.codes)) {
      const Matrix learned_from = directions();
      auto made = std::make_unique<IvfBlocks>(
          parts_.partition, NeighbourCode::fit(learned_from.view(), spec_.codes->arguments[0], run_), sizes);
      blocks = made.get();
      parts_.lists = std::move(made);
    } else {
      QUIVER_TRY(coarse_maker, fitted(*spec_.codes, sample_queries));
    }
    if (spec_.rerank) {
      QUIVER_TRY(fine_maker, fitted(*spec_.rerank, sample_queries));
    }
    sample_ = Matrix();
    points_ = Matrix();
    const auto encode_more = [&](std::unique_ptr<Codes>& codes, const std::unique_ptr<Quantizer>& maker,
                                 const RowsView& some) -> Result<void> {
      if (maker == nullptr) return {};
      if (codes != nullptr) return codes->append(some);
      QUIVER_TRY(codes, maker->encode(some, run_));
      codes->reserve(rows_.rows());
      return {};
    };
    auto stage = run_.stage("encode", rows_.rows());
    for (std::size_t first = 0; first < rows_.rows(); first += kChunk) {
      if (run_.stop()) return run_.stopped("encoding the rows of lists");
      const std::size_t count = std::min(kChunk, rows_.rows() - first);
      const TypedMatrix some = gather(rows_, parts_.order.subspan(first, count));
      QUIVER_TRY(encode_more(coarse, coarse_maker, some.view()));
      QUIVER_TRY(encode_more(parts_.fine, fine_maker, some.view()));
      if (blocks != nullptr) put(*blocks, first, to_float(some.view()));
      stage.advance(count);
    }
    if (blocks == nullptr) parts_.lists = std::make_unique<IvfCodes>(std::move(coarse), sizes);
    return {};
  }

  // Positions first .. first + rows.rows() - 1. Threads take whole lists.
  void put(IvfBlocks& blocks, std::size_t first, const Matrix& rows) const {
    const Matrix points = parts_.short_space.points(rows.view(), &run_.threads());
    const std::size_t end = first + points.rows();
    const auto list_at = [&](std::size_t position) {
      return static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), position) - begins_.begin()) - 1;
    };
    const std::size_t first_list = list_at(first), last_list = list_at(end - 1);
    run_.threads().parallel_for(last_list - first_list + 1, 4, [&](std::size_t begin, std::size_t stop, unsigned) {
      NeighbourScratch scratch;
      for (std::size_t l = first_list + begin; l < first_list + stop; ++l) {
        const std::size_t from = std::max(first, begins_[l]), to = std::min(end, begins_[l + 1]);
        if (from < to) blocks.begin(l, scratch);
        for (std::size_t p = from; p < to; ++p) {
          blocks.put(l, p - begins_[l], static_cast<std::uint32_t>(p), points.row(p - first).data(), scratch);
        }
      }
    });
  }

  IndexSpec& spec_;
  const DenseInput& rows_;
  const Space& space_;
  Run& run_;
  IvfParts parts_;
  Matrix sample_, points_;           // of the sample
  std::vector<std::size_t> begins_;  // the position of each list's first row, and one past the last
};
}  // namespace

bool is_fast_scan(const QuantizerSpec& codes) noexcept {
  return codes.name == "pq" && !codes.step && codes.arguments.size() == 2 && codes.arguments[1] == 4;
}

Result<void> IvfParts::add(const RowsView& rows, const DenseInput& input) {
  Matrix scratch;
  const Matrix points = short_space.points(input.floats(0, input.rows(), scratch), nullptr);
  std::vector<std::uint32_t> lists_of(input.rows());
  Threads alone(1);
  partition->assign(points.view(), lists_of, alone);
  const std::size_t before = positions();
  if (fine != nullptr) {
    QUIVER_TRY(fine->append(rows));
  }
  auto done = lists->append(rows, points.view(), lists_of);
  if (!done.has_value() && fine != nullptr) fine->truncate(before);
  return done;
}

void IvfParts::keep(std::span<const std::uint32_t> rows) {
  std::vector<std::uint32_t> numbers(positions(), kNoRow);
  for (std::size_t i = 0; i < rows.size(); ++i) numbers[rows[i]] = static_cast<std::uint32_t>(i);
  const auto number_at = [&](std::uint32_t position) { return numbers[row_at(position)]; };
  const std::vector<std::uint32_t> stay =
      lists->compact([&](std::uint32_t position) { return number_at(position) == kNoRow; });
  std::vector<std::uint32_t> renewed(stay.size());
  std::transform(stay.begin(), stay.end(), renewed.begin(), number_at);
  if (fine != nullptr) fine->keep(stay);
  own_order = std::move(renewed);
  order = own_order;
  owner.reset();
}

Result<IvfParts> build_ivf(IndexSpec& spec, const DenseInput& rows, const Space& space, MatrixView sample_queries,
                           Run& run) {
  if (spec.codes && is_fast_scan(*spec.codes)) {
    QUIVER_TRY(check_fast_scan(*spec.codes));
  }
  return IvfBuilder(spec, rows, space, run).build(sample_queries);
}

void IvfParts::save(ContainerWriter& writer) const {
  short_space.save(writer, kIvf);
  partition->save(writer, kIvf);
  writer.add_array(std::string(kIvf) + "order", order);
  lists->save(writer);
  if (fine != nullptr) fine->save(writer, kFine);
}

Result<IvfParts> open_ivf(const IndexSpec& spec, const Container& file, const IndexHeader& header) {
  IvfParts parts;
  QUIVER_TRY(parts.short_space, GraphSpace::load(file, kIvf, header.space));
  QUIVER_TRY(IvfPartition partition, IvfPartition::load(file, kIvf, parts.short_space.dims()));
  parts.partition = std::make_shared<const IvfPartition>(std::move(partition));
  if (spec.codes && is_fast_scan(*spec.codes)) {
    QUIVER_TRY(parts.lists, IvfBlocks::open(file, parts.partition, header.rows));
  } else {
    QUIVER_TRY(parts.lists, IvfCodes::open(file, parts.partition->lists(), header.rows));
  }
  if (spec.rerank) {
    QUIVER_TRY(parts.fine, load_codes(file, kFine));
  }
  const auto agrees = [&](const Codes* codes, const std::optional<QuantizerSpec>& named) {
    return codes == nullptr ||
           (codes->rows() == header.rows && codes->space() == header.space && named && codes->spec() == named->text());
  };
  if ((parts.fine == nullptr && parts.lists->codes() == nullptr) || !agrees(parts.fine.get(), spec.rerank) ||
      !agrees(parts.lists->codes(), spec.codes)) {
    return Error::corruption(
        fmt::format("the lists and codes are not the {} rows the header '{}' describes; build the index again",
                    header.rows, header.spec));
  }
  QUIVER_TRY(parts.order, file.array<std::uint32_t>(std::string(kIvf) + "order"));
  std::vector<bool> seen(parts.order.size());
  for (const std::uint32_t row : parts.order) {
    if (row >= seen.size() || seen[row] || seen.size() > header.rows) {
      return Error::corruption("section 'ivf/order' is no order of the rows; build the index again");
    }
    seen[row] = true;
  }
  parts.owner = file.owner();
  return parts;
}

}  // namespace quiver::internal
