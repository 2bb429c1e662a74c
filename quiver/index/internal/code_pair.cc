#include "quiver/index/internal/code_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kQueryGrain = 16;  // queries a thread makes short at a time

// Of stored codes `i` of `count`: the first are searched, the last give the order.
std::string prefix_of(std::size_t i, std::size_t count) {
  if (i == 0) return "codes/";
  return i + 1 == count ? "rerank/" : fmt::format("rerank{}/", i);
}

// The codes of a spec in order; nothing for codes that are not named.
std::vector<std::optional<QuantizerSpec>> codes_of(const IndexSpec& spec) {
  std::vector<std::optional<QuantizerSpec>> all{spec.codes};
  all.insert(all.end(), spec.between.begin(), spec.between.end());
  if (spec.rerank) all.push_back(spec.rerank);
  return all;
}

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
  for (const std::optional<QuantizerSpec>& codes : codes_of(spec)) {
    QUIVER_TRY(auto made, encode(codes.value_or(as_given(base)), base, space, sample_queries, run));
    pair.stored_.push_back(std::move(made));
  }
  pair.link();
  return pair;
}

Result<CodePair> CodePair::open(const IndexSpec& spec, const Container& file, const IndexHeader& header) {
  CodePair pair;
  const std::vector<std::optional<QuantizerSpec>> named = codes_of(spec);
  for (std::size_t i = 0; i < named.size(); ++i) {
    QUIVER_TRY(auto codes, load_codes(file, prefix_of(i, named.size())));
    if (codes->rows() != header.rows || codes->space() != header.space ||
        (named[i] && codes->spec() != named[i]->text())) {
      return Error::corruption(
          fmt::format("the codes of the index are not the {} rows its header '{}' describes; build "
                      "the index again",
                      header.rows, header.spec));
    }
    pair.stored_.push_back(std::move(codes));
  }
  pair.link();
  return pair;
}

// Codes stay where they are when a CodePair moves.
void CodePair::link() {
  const Codes* first = stored_[0].get();
  coarse_ = first->first_level() != nullptr ? first->first_level() : first;
  if (coarse_ != first) finer_.push_back(first);
  for (std::size_t i = 1; i < stored_.size(); ++i) finer_.push_back(stored_[i].get());
  const Codes::Brief brief = coarse_->brief();
  if (brief.codes == nullptr || finer_.empty()) return;
  coarse_ = brief.codes;
  map_ = brief.map;
  query_map_ = QueryMap(*map_, 1);
}

void CodePair::shorten(const DenseInput& queries, std::size_t first, std::size_t count, float* out,
                       std::size_t stride) const {
  Matrix memory, units;
  MatrixView floats = queries.floats(first, count, memory);
  if (map_->metric() == Metric::Cosine) {
    units = Matrix::copy_of(floats);
    for (std::size_t q = 0; q < count; ++q) {
      const std::span<float> unit = units.row(q);
      const double squared = simd::kernels().squared_norm(unit.data(), unit.size());
      if (!(squared > 0)) continue;
      const auto scale = static_cast<float>(1 / std::sqrt(squared));
      for (float& x : unit) x *= scale;
    }
    floats = units.view();
  }
  QueryMap::Scratch scratch;
  query_map_.apply(floats, scratch, out, stride);
}

Result<std::unique_ptr<Scorer>> CodePair::scorer(const RowsView& query) const {
  if (map_ == nullptr) return coarse_->scorer(query);
  QUIVER_TRY(const DenseInput input, DenseInput::of(query, map_->from(), 0, "searching"));
  Matrix shortened(1, map_->to());
  shorten(input, 0, 1, shortened.data(), shortened.stride());
  return coarse_->scorer(shortened.view());
}

Result<DenseInput> CodePair::for_coarse(const DenseInput& queries, Matrix& memory, Threads& threads) const {
  if (map_ == nullptr) return queries;
  memory = Matrix(queries.rows(), map_->to());
  threads.parallel_for(queries.rows(), kQueryGrain, [&](std::size_t begin, std::size_t end, unsigned) {
    shorten(queries, begin, end - begin, memory.row(begin).data(), memory.stride());
  });
  return DenseInput::of(memory.view(), map_->to(), 0, "searching by short queries");
}

void CodePair::save(ContainerWriter& writer) const {
  for (std::size_t i = 0; i < stored_.size(); ++i) stored_[i]->save(writer, prefix_of(i, stored_.size()));
}

std::size_t CodePair::bytes() const noexcept {
  std::size_t bytes = query_map_.bytes();
  for (const auto& codes : stored_) bytes += codes->bytes();
  return bytes;
}

Result<void> CodePair::append(const RowsView& rows) {
  const std::size_t before = coarse_->rows();
  for (const auto& codes : stored_) {
    auto done = codes->append(rows);
    if (done.has_value()) continue;
    truncate(before);
    return done;
  }
  return {};
}

void CodePair::truncate(std::size_t rows) noexcept {
  for (const auto& codes : stored_) {
    if (codes->rows() > rows) codes->truncate(rows);
  }
}

void CodePair::keep(std::span<const std::uint32_t> rows) {
  for (const auto& codes : stored_) codes->keep(rows);
}

std::size_t CodePair::candidates(const SearchParams& params, std::size_t k) const noexcept {
  if (finer_.empty()) return k;
  return params.rerank > 0 ? std::max<std::size_t>(params.rerank, k) : std::max<std::size_t>(4 * k, 64);
}

Result<std::size_t> CodePair::finish(const TopK& found, const RowsView& query, std::size_t k, std::span<Hit> out,
                                     SearchStats& stats) const {
  std::vector<Hit> hits = found.sorted();
  const auto candidates = static_cast<double>(hits.size()), wanted = static_cast<double>(k);
  std::vector<std::uint32_t> rows;
  std::vector<float> distances;
  for (std::size_t level = 0; level < finer_.size(); ++level) {
    const Codes& codes = *finer_[level];
    QUIVER_TRY(const std::unique_ptr<Scorer> scorer, codes.scorer(query));
    rows.clear();
    for (const Hit& hit : hits) rows.push_back(hit.row);
    distances.resize(rows.size());
    scorer->score(rows, distances.data());
    const double left = 1 - static_cast<double>(level + 1) / static_cast<double>(finer_.size());
    const bool last = level + 1 == finer_.size() || candidates <= wanted;
    // Less a little, so that rounding does not make a whole number one more.
    const double kept = wanted * std::pow(candidates / wanted, left) - 1e-6;
    TopK best(last ? k : static_cast<std::size_t>(std::ceil(kept)));
    for (std::size_t i = 0; i < rows.size(); ++i) best.offer({rows[i], distances[i]});
    hits = best.sorted();
    stats.distances += rows.size();
    stats.reranked += rows.size();
    stats.bytes_read += rows.size() * codes.bytes_per_row();
  }
  const std::size_t count = std::min(k, hits.size());
  std::copy_n(hits.begin(), count, out.begin());
  return count;
}

}  // namespace quiver::internal
