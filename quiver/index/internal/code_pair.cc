#include "quiver/index/internal/code_pair.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/metric.h"

namespace quiver::internal {
namespace {
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
}  // namespace

Result<CodePair> CodePair::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                 MatrixView sample_queries, Run& run) {
  if (form_of(base) != Form::Dense) {
    return Error::invalid_argument(
        fmt::format("building '{}': takes dense rows, these are {}", spec.text(), name_of(form_of(base))));
  }
  CodePair pair;
  QUIVER_TRY(pair.coarse_, encode(spec.codes.value_or(as_given(base)), base, space, sample_queries, run));
  if (spec.rerank) {
    QUIVER_TRY(pair.fine_, encode(*spec.rerank, base, space, sample_queries, run));
  }
  return pair;
}

Result<CodePair> CodePair::open(const IndexSpec& spec, const Container& file, const IndexHeader& header) {
  CodePair pair;
  QUIVER_TRY(pair.coarse_, load_codes(file, kCodes));
  if (spec.rerank) {
    QUIVER_TRY(pair.fine_, load_codes(file, kRerank));
  }
  const auto agrees = [&](const std::unique_ptr<Codes>& codes, const std::optional<QuantizerSpec>& named) {
    return codes == nullptr || (codes->rows() == header.rows && codes->space() == header.space &&
                                (!named || codes->spec() == named->text()));
  };
  if (!agrees(pair.coarse_, spec.codes) || !agrees(pair.fine_, spec.rerank)) {
    return Error::corruption(
        fmt::format("the codes of the index are not the {} rows its header '{}' describes; build "
                    "the index again",
                    header.rows, header.spec));
  }
  return pair;
}

void CodePair::save(ContainerWriter& writer) const {
  coarse_->save(writer, kCodes);
  if (fine_ != nullptr) fine_->save(writer, kRerank);
}

Result<void> CodePair::append(const RowsView& rows) {
  const std::size_t before = coarse_->rows();
  QUIVER_TRY(coarse_->append(rows));
  if (fine_ == nullptr) return {};
  auto done = fine_->append(rows);
  if (!done.has_value()) coarse_->truncate(before);
  return done;
}

void CodePair::truncate(std::size_t rows) noexcept {
  coarse_->truncate(rows);
  if (fine_ != nullptr) fine_->truncate(rows);
}

std::size_t CodePair::candidates(const SearchParams& params, std::size_t k) const noexcept {
  if (fine_ == nullptr) return k;
  return params.rerank > 0 ? std::max<std::size_t>(params.rerank, k) : std::max<std::size_t>(4 * k, 64);
}

Result<std::size_t> CodePair::finish(const TopK& found, const RowsView& query, std::size_t k, std::span<Hit> out,
                                     SearchStats& stats) const {
  std::vector<Hit> hits = found.sorted();
  if (fine_ != nullptr) {
    QUIVER_TRY(const std::unique_ptr<Scorer> scorer, fine_->scorer(query));
    std::vector<std::uint32_t> rows;
    for (const Hit& hit : hits) rows.push_back(hit.row);
    std::vector<float> distances(rows.size());
    scorer->score(rows, distances.data());
    TopK best(k);
    for (std::size_t i = 0; i < rows.size(); ++i) best.offer({rows[i], distances[i]});
    stats.distances += rows.size();
    stats.reranked += rows.size();
    stats.bytes_read += rows.size() * fine_->bytes_per_row();
    return best.sorted_into(out);
  }
  const std::size_t count = std::min(k, hits.size());
  std::copy_n(hits.begin(), count, out.begin());
  return count;
}

}  // namespace quiver::internal
