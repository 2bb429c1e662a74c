#include "quiver/index/flat.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/metric.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/index_file.h"

namespace quiver {
namespace {
using internal::Eligible;
using internal::Removed;

constexpr std::string_view kCodes = "codes/", kRerank = "rerank/";

// Rows given without a quantizer are kept as they came.
QuantizerSpec as_given(const RowsView& base) {
  const auto* typed = std::get_if<TypedView>(&base);
  return {std::string(name_of(typed != nullptr ? typed->element : Element::F32)), {}};
}

Result<std::unique_ptr<Codes>> encode(const QuantizerSpec& spec, const RowsView& base, const Space& space,
                                      MatrixView sample_queries, Run& run) {
  QUIVER_TRY(const std::unique_ptr<Quantizer> quantizer, make_quantizer(spec, space));
  if (const auto* floats = std::get_if<MatrixView>(&base)) {
    QUIVER_TRY(quantizer->fit(*floats, sample_queries, run));
  } else if (const auto* typed = std::get_if<TypedView>(&base)) {
    const Matrix floats_of_typed = spec == as_given(base) ? Matrix(0, typed->dims) : to_float(*typed);
    QUIVER_TRY(quantizer->fit(floats_of_typed.view(), sample_queries, run));
  }
  return quantizer->encode(base, run);
}

std::size_t candidates(const SearchParams& params, std::size_t k) {
  return params.rerank > 0 ? std::max<std::size_t>(params.rerank, k) : std::max<std::size_t>(4 * k, 64);
}
}  // namespace

struct FlatIndex::State {
  IndexSpec spec;
  std::unique_ptr<Codes> codes, rerank;  // rerank: null without one
  Removed removed;

  std::size_t live() const { return codes->rows() - removed.count(); }

  // The best k by the finer codes among the candidates that the coarse ones chose.
  TopK reranked(const TopK& coarse, const Scorer& fine, std::size_t k, SearchStats& stats) const {
    std::vector<std::uint32_t> rows;
    for (const Hit& hit : coarse.sorted()) rows.push_back(hit.row);
    std::vector<float> distances(rows.size());
    fine.score(rows, distances.data());
    TopK best(k);
    for (std::size_t i = 0; i < rows.size(); ++i) best.offer({rows[i], distances[i]});
    stats.distances += rows.size();
    stats.reranked += rows.size();
    stats.bytes_read += rows.size() * rerank->bytes_per_row();
    return best;
  }
};

FlatIndex::FlatIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
FlatIndex::~FlatIndex() = default;

Result<std::unique_ptr<Index>> FlatIndex::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                                MatrixView sample_queries, Run& run) {
  if (form_of(base) != Form::Dense) {
    return Error::invalid_argument(
        fmt::format("building '{}': takes dense rows, these are {}", spec.text(), name_of(form_of(base))));
  }
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(state->codes, encode(spec.codes.value_or(as_given(base)), base, space, sample_queries, run));
  if (spec.rerank) {
    QUIVER_TRY(state->rerank, encode(*spec.rerank, base, space, sample_queries, run));
  }
  return std::unique_ptr<Index>(new FlatIndex(std::move(state)));
}

Result<std::unique_ptr<Index>> FlatIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  QUIVER_TRY(state->codes, load_codes(file, kCodes));
  if (spec.rerank) {
    QUIVER_TRY(state->rerank, load_codes(file, kRerank));
  }
  const auto agrees = [&](const std::unique_ptr<Codes>& codes, const std::optional<QuantizerSpec>& named) {
    return codes == nullptr || (codes->rows() == header.rows && codes->space() == header.space &&
                                (!named || codes->spec() == named->text()));
  };
  if (!agrees(state->codes, spec.codes) || !agrees(state->rerank, spec.rerank)) {
    return Error::corruption(
        fmt::format("the codes of the index are not the {} rows its header '{}' describes; build "
                    "the index again",
                    header.rows, header.spec));
  }
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  return std::unique_ptr<Index>(new FlatIndex(std::move(state)));
}

const Space& FlatIndex::space() const noexcept { return state_->codes->space(); }
std::string FlatIndex::spec() const { return state_->spec.text(); }
std::size_t FlatIndex::size() const noexcept { return state_->codes->rows(); }
std::size_t FlatIndex::live() const noexcept { return state_->live(); }
std::size_t FlatIndex::bytes() const noexcept {
  return state_->codes->bytes() + (state_->rerank ? state_->rerank->bytes() : 0) + state_->removed.words().size_bytes();
}
const Codes& FlatIndex::codes() const noexcept { return *state_->codes; }

Result<void> FlatIndex::add(const RowsView& rows) {
  const std::size_t before = size();
  QUIVER_TRY(state_->codes->append(rows));
  if (state_->rerank == nullptr) return {};
  auto done = state_->rerank->append(rows);
  if (!done.has_value()) state_->codes->truncate(before);
  return done;
}

Result<void> FlatIndex::remove(std::span<const std::uint32_t> rows) {
  return internal::remove_rows(state_->removed, rows, size());
}

Result<std::size_t> FlatIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
                                      std::span<Hit> out, SearchStats* stats) const {
  const State& s = *state_;
  if (count_of(query) != 1) {
    return Error::invalid_argument(
        fmt::format("searching for one query: {} were given; use search_batch", count_of(query)));
  }
  QUIVER_TRY(const std::unique_ptr<Scorer> scorer, s.codes->scorer(query));
  const std::size_t k = std::min<std::size_t>(params.k, s.live());
  if (k == 0) return std::size_t{0};
  QUIVER_CHECK(out.size() >= std::min<std::size_t>(params.k, size()));
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  const Eligible eligible(s.removed, params.filter);
  const std::size_t wanted = s.rerank ? std::min(candidates(params, k), s.live()) : k;
  const TopK best = internal::scan(*s.codes, *scorer, wanted, eligible, scratch, counted);
  if (s.rerank == nullptr) return best.sorted_into(out);
  QUIVER_TRY(const std::unique_ptr<Scorer> fine, s.rerank->scorer(query));
  return s.reranked(best, *fine, k, counted).sorted_into(out);
}

Result<Hits> FlatIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                     SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries, space().dims, 0, "searching a batch of queries"));
  const std::size_t k = std::min<std::size_t>(params.k, s.live());
  Hits hits{static_cast<std::uint32_t>(k), std::vector<Hit>(k * input.rows()),
            std::vector<std::uint32_t>(input.rows())};
  if (k == 0 || input.rows() == 0) return hits;
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  const Eligible eligible(s.removed, params.filter);
  const std::size_t wanted = s.rerank ? std::min(candidates(params, k), s.live()) : k;
  QUIVER_TRY(std::vector<TopK> best, internal::scan_batch(*s.codes, input, wanted, eligible, run, counted));
  for (std::size_t q = 0; q < best.size(); ++q) {
    if (s.rerank != nullptr) {
      QUIVER_TRY(const std::unique_ptr<Scorer> fine, s.rerank->scorer(input.row(q)));
      best[q] = s.reranked(best[q], *fine, k, counted);
    }
    hits.counts[q] = static_cast<std::uint32_t>(best[q].sorted_into(std::span(hits.hits).subspan(q * k, k)));
  }
  return hits;
}

Result<void> FlatIndex::save(const std::filesystem::path& path) const {
  ContainerWriter writer(internal::kIndexKind, internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, state_->removed);
  state_->codes->save(writer, kCodes);
  if (state_->rerank != nullptr) state_->rerank->save(writer, kRerank);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
