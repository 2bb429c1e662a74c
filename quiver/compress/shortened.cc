#include "quiver/compress/shortened.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/internal/shortening.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::Shortening;
using internal::ShortQuery;
using ShorteningPtr = std::shared_ptr<const Shortening>;

struct Step {
  const char* name;
  const char* method;  // of fit_projection; null: the coordinates as they are
  bool keeps_lengths;  // takes L2
  const char* help;    // empty: told with the one before
};
constexpr Step kSteps[] = {
    {"prefix", nullptr, true, "in front of codes: the first 64 coordinates, as in prefix(64) + lvq(8)"},
    {"pca", "pca", true, "in front of codes: 64 directions of most variance; random(64): any"},
    {"random", "random", true, ""},
    {"es", "es", true, "in front of codes: 64 directions for rows and sample queries"},
    {"fw", "fw", false, ""},
    {"leanvec", "es+fw", false, "in front of codes: a map for rows and one for queries; also fw(64), sphering(64)"},
    {"sphering", "sphering", false, ""}};

const Step* find_step(std::string_view name) noexcept {
  const auto* found =
      std::find_if(std::begin(kSteps), std::end(kSteps), [&](const Step& step) { return name == step.name; });
  return found == std::end(kSteps) ? nullptr : found;
}

// Sections of the map and of the codes behind it.
std::string map_at(std::string_view prefix) { return std::string(prefix) + "map/"; }
std::string codes_at(std::string_view prefix) { return std::string(prefix) + "short/"; }

class ShortScorer final : public Scorer {
 public:
  ShortScorer(ShortQuery query, std::unique_ptr<Scorer> codes, const Shortening& map)
      : query_(std::move(query)), codes_(std::move(codes)), map_(map) {}
  void score(std::span<const std::uint32_t> rows, float* distances) const noexcept override {
    codes_->score(rows, distances);
    shift(rows.size(), distances);
  }
  void score_range(std::size_t first, std::size_t count, float* distances) const noexcept override {
    codes_->score_range(first, count, distances);
    shift(count, distances);
  }
  double error_bound(double shortest, double longest) const noexcept override {
    const double coded = codes_->error_bound(map_.is_prefix() ? shortest : 0, map_.longest_short(longest));
    return map_.error_bound(query_, coded, shortest, longest);
  }

 private:
  void shift(std::size_t count, float* distances) const noexcept {
    for (std::size_t i = 0; i < count; ++i) distances[i] = static_cast<float>(distances[i] + query_.offset);
  }
  ShortQuery query_;
  std::unique_ptr<Scorer> codes_;
  const Shortening& map_;
};

class ShortenedCodes final : public Codes {
 public:
  ShortenedCodes(ShorteningPtr map, std::unique_ptr<Codes> codes)
      : map_(std::move(map)), owned_(std::move(codes)), codes_(owned_.get()) {
    if (const Codes* first = codes_->first_level(); first != nullptr) {
      first_level_.reset(new ShortenedCodes(map_, first));
    }
  }

  std::string spec() const override { return map_->step().text() + " + " + codes_->spec(); }
  const Space& space() const noexcept override { return map_->space(); }
  std::size_t rows() const noexcept override { return codes_->rows(); }
  std::size_t bytes_per_row() const noexcept override { return codes_->bytes_per_row(); }
  std::size_t bytes() const noexcept override { return codes_->bytes() + map_->bytes(); }
  bool floats() const noexcept override { return false; }  // the product to be had is that of short rows
  const Codes* first_level() const noexcept override { return first_level_.get(); }
  Brief brief() const noexcept override { return map_->is_prefix() ? Brief{} : Brief{codes_, map_->projection()}; }

  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(query, space().dims, 0, "searching"));
    QUIVER_CHECK(input.rows() == 1);
    Matrix scratch;
    ShortQuery brief = map_->query(input.floats(0, 1, scratch));
    QUIVER_TRY(std::unique_ptr<Scorer> scorer, codes_->scorer(brief.vector.view()));
    if (map_->is_prefix()) return scorer;
    return std::make_unique<ShortScorer>(std::move(brief), std::move(scorer), *map_);
  }
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override {
    thread_local std::vector<float> brief;
    brief.resize(map_->short_space().dims);
    for (std::size_t i = 0; i < count; ++i) {
      codes_->decode_range(first + i, 1, brief.data(), brief.size());
      map_->lengthen(brief.data(), out + i * stride);
    }
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_codes_header(writer, prefix, spec(), space(), rows());
    map_->save(writer, map_at(prefix));
    codes_->save(writer, codes_at(prefix));
  }
  void prefetch(std::span<const std::uint32_t> rows) const noexcept override { codes_->prefetch(rows); }
  void arrange_for_scans() override { owned_->arrange_for_scans(); }
  bool arranged_for_scans() const noexcept override { return codes_->arranged_for_scans(); }
  void reserve(std::size_t rows) override { owned_->reserve(rows); }
  void truncate(std::size_t rows) noexcept override { owned_->truncate(rows); }
  void overwrite(std::size_t to, std::size_t from) override { owned_->overwrite(to, from); }
  void keep(std::span<const std::uint32_t> rows) override { owned_->keep(rows); }
  Result<void> append(const RowsView& rows) override {
    QUIVER_TRY(const DenseInput input, DenseInput::of(rows, space().dims, this->rows(), "appending to " + spec()));
    Matrix wide, room;
    return owned_->append(map_->rows(input.floats(0, input.rows(), wide), room, nullptr));
  }

 private:
  ShortenedCodes(ShorteningPtr map, const Codes* codes) : map_(std::move(map)), codes_(codes) {}

  ShorteningPtr map_;
  std::unique_ptr<Codes> owned_;  // null for a first level, which its owner makes grow
  const Codes* codes_;
  std::unique_ptr<ShortenedCodes> first_level_;
};

class ShortenedQuantizer final : public Quantizer {
 public:
  ShortenedQuantizer(ShorteningPtr map, std::unique_ptr<Quantizer> codes)
      : map_(std::move(map)), codes_(std::move(codes)) {}
  std::string spec() const override { return map_->step().text() + " + " + codes_->spec(); }
  const Space& space() const noexcept override { return map_->space(); }

  Result<void> fit(MatrixView base, MatrixView queries, Run& run) override {
    QUIVER_TRY(DenseInput::of(base, space().dims, 0, "fitting " + spec()));
    if (run.stop()) return run.stopped("fitting " + spec());
    auto fitted = map_->fit(base, queries, run);
    if (!fitted.has_value()) return std::move(fitted.error()).within("fitting " + spec());
    auto map = std::make_shared<const Shortening>(*std::move(fitted));  // codes made before keep their own
    Matrix short_base, short_queries;
    const bool asked = queries.rows > 0 && queries.cols == space().dims;
    QUIVER_TRY(codes_->fit(map->rows(base, short_base, &run.threads()),
                           asked ? map->queries(queries, short_queries, &run.threads()) : MatrixView{}, run));
    map_ = std::move(map);
    return {};
  }
  Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const override {
    if (!map_->ready()) {
      return Error::failed_precondition(fmt::format("encoding as {}: nothing was learned; call fit first", spec()));
    }
    QUIVER_TRY(const DenseInput input, DenseInput::of(base, space().dims, 0, "encoding as " + spec()));
    Matrix wide, room;
    QUIVER_TRY(auto codes, codes_->encode(map_->rows(input.floats(0, input.rows(), wide), room, &run.threads()), run));
    return std::make_unique<ShortenedCodes>(map_, std::move(codes));
  }
  void save(ContainerWriter& writer, std::string_view prefix) const override {
    internal::save_quantizer_header(writer, prefix, spec(), space());
    map_->save(writer, map_at(prefix));
    codes_->save(writer, codes_at(prefix));
  }

 private:
  ShorteningPtr map_;
  std::unique_ptr<Quantizer> codes_;
};

QuantizerSpec codes_of(QuantizerSpec spec) {
  spec.step.reset();
  return spec;
}

// The codes in a file must be those that the header in front of them names.
template <class Loaded>
Result<void> check_loaded(const Loaded& codes, const QuantizerSpec& spec, const Shortening& map,
                          std::string_view prefix) {
  if (codes.spec() == codes_of(spec).text() && codes.space() == map.short_space()) return {};
  return Error::corruption(fmt::format("'{}quantizer' says {} and '{}quantizer' {} of {} dims; write the file again",
                                       prefix, spec.text(), codes_at(prefix), codes.spec(), codes.space().dims));
}
}  // namespace

namespace internal {
const char* method_of(std::string_view step) noexcept { return find_step(step)->method; }
}  // namespace internal

bool is_shortening(std::string_view name) noexcept { return find_step(name) != nullptr; }

std::vector<std::string> shortening_names() {
  std::vector<std::string> names;
  for (const Step& step : kSteps) names.emplace_back(step.name);
  return names;
}

std::vector<std::string> shortening_help() {
  std::vector<std::string> lines;
  for (const Step& step : kSteps) {
    if (*step.help != '\0') lines.push_back(fmt::format("{:<9} {}", std::string(step.name) + "(64)", step.help));
  }
  return lines;
}

Result<void> check_shortening(const SpecText& step) {
  if (step.arguments.size() == 1 && step.arguments[0] > 0) return {};
  return Error::invalid_argument(fmt::format(
      "{}: takes how many dims vectors are made short to, 1 or more; write {}(64)", step.text(), step.name));
}

Space short_space(const SpecText& step, const Space& space) {
  const bool prefix = step.name == "prefix";
  return {.id = "",
          .dims = step.arguments[0],
          .metric = prefix || space.metric == Metric::L2 ? space.metric : Metric::Dot,
          .prefix_of = "",
          .prefix_dims = 0};
}

Result<std::unique_ptr<Quantizer>> make_shortened(const QuantizerSpec& spec, const Space& space) {
  const SpecText& step = *spec.step;
  const Step* kind = find_step(step.name);
  QUIVER_CHECK(kind != nullptr);
  QUIVER_TRY(check_shortening(step));
  if (step.arguments[0] > space.dims) {
    return Error::invalid_argument(fmt::format("{}: the vectors have {} dims; make them short to {} or fewer",
                                               spec.text(), space.dims, space.dims));
  }
  if (kind->method != nullptr && (space.metric == Metric::Manhattan || space.metric == Metric::Hamming)) {
    return Error::invalid_argument(fmt::format(
        "{}: linear maps keep l2, dot and cosine, the space has {}; write prefix", spec.text(), name_of(space.metric)));
  }
  if (!kind->keeps_lengths && space.metric == Metric::L2) {
    return Error::invalid_argument(
        fmt::format("{}: {} keeps products, not lengths, and the space has l2; write es({}), or use dot or cosine",
                    spec.text(), step.name, step.arguments[0]));
  }
  auto map = std::make_shared<const Shortening>(step, space);
  QUIVER_TRY(auto codes, make_quantizer(codes_of(spec), map->short_space()));
  return std::make_unique<ShortenedQuantizer>(std::move(map), std::move(codes));
}

Result<std::unique_ptr<Codes>> load_shortened(const QuantizerSpec& spec, const Space& space, const Container& file,
                                              std::string_view prefix) {
  QUIVER_TRY(Shortening map, Shortening::load(*spec.step, space, file, map_at(prefix)));
  QUIVER_TRY(auto codes, load_codes(file, codes_at(prefix)));
  QUIVER_TRY(check_loaded(*codes, spec, map, prefix));
  QUIVER_TRY(const internal::CodesHeader header, internal::read_header(file, prefix));
  if (header.rows != codes->rows()) {
    return Error::corruption(fmt::format("'{}quantizer' says {} rows, its codes hold {}; write the file again", prefix,
                                         header.rows, codes->rows()));
  }
  return std::make_unique<ShortenedCodes>(std::make_shared<const Shortening>(std::move(map)), std::move(codes));
}

Result<std::unique_ptr<Quantizer>> load_shortened_quantizer(const QuantizerSpec& spec, const Space& space,
                                                            const Container& file, std::string_view prefix) {
  QUIVER_TRY(Shortening map, Shortening::load(*spec.step, space, file, map_at(prefix)));
  QUIVER_TRY(auto codes, load_quantizer(file, codes_at(prefix)));
  QUIVER_TRY(check_loaded(*codes, spec, map, prefix));
  return std::make_unique<ShortenedQuantizer>(std::make_shared<const Shortening>(std::move(map)), std::move(codes));
}

}  // namespace quiver
