#include "quiver/index/flat.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/index/internal/batch.h"
#include "quiver/index/internal/code_pair.h"
#include "quiver/index/internal/exact_scan.h"

namespace quiver {
namespace {
using internal::Batch;
using internal::CodePair;
using internal::Eligible;
using internal::Removed;
}  // namespace

struct FlatIndex::State {
  IndexSpec spec;
  CodePair codes;
  Removed removed;

  std::size_t live() const { return codes.coarse().rows() - removed.count(); }
  std::size_t wanted(const SearchParams& params, std::size_t k) const {
    return std::min(codes.candidates(params, k), live());
  }
};

FlatIndex::FlatIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
FlatIndex::~FlatIndex() = default;

Result<std::unique_ptr<Index>> FlatIndex::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                                MatrixView sample_queries, Run& run) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(state->codes, CodePair::build(spec, base, space, sample_queries, run));
  state->codes.arrange_for_scans();
  return std::unique_ptr<Index>(new FlatIndex(std::move(state)));
}

Result<std::unique_ptr<Index>> FlatIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  QUIVER_TRY(state->codes, CodePair::open(spec, file, header));
  state->codes.arrange_for_scans();  // those of an older file; others are
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  return std::unique_ptr<Index>(new FlatIndex(std::move(state)));
}

const Space& FlatIndex::space() const noexcept { return state_->codes.space(); }
std::string FlatIndex::spec() const { return state_->spec.text(); }
std::size_t FlatIndex::size() const noexcept { return codes().rows(); }
std::size_t FlatIndex::live() const noexcept { return state_->live(); }
std::size_t FlatIndex::bytes() const noexcept { return state_->codes.bytes() + state_->removed.words().size_bytes(); }
const Codes& FlatIndex::codes() const noexcept { return state_->codes.coarse(); }

Result<void> FlatIndex::add(const RowsView& rows) { return state_->codes.append(rows); }

Result<void> FlatIndex::remove(std::span<const std::uint32_t> rows) {
  return internal::remove_rows(state_->removed, rows, size());
}

Result<std::vector<std::uint32_t>> FlatIndex::compact(Run& run) {
  if (run.stop()) return run.stopped("compacting");
  std::vector<std::uint32_t> rows = internal::rows_left(state_->removed, size());
  state_->codes.keep(rows);
  state_->removed = {};
  return rows;
}

Result<std::size_t> FlatIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
                                      std::span<Hit> out, SearchStats* stats) const {
  const State& s = *state_;
  if (count_of(query) != 1) {
    return Error::invalid_argument(
        fmt::format("searching for one query: {} were given; use search_batch", count_of(query)));
  }
  QUIVER_TRY(const std::unique_ptr<Scorer> scorer, s.codes.scorer(query));
  const std::size_t k = std::min<std::size_t>(params.k, s.live());
  if (k == 0) return std::size_t{0};
  QUIVER_CHECK(out.size() >= std::min<std::size_t>(params.k, size()));
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  const Eligible eligible(s.removed, params.filter);
  const TopK best = internal::scan(codes(), *scorer, s.wanted(params, k), eligible, scratch, counted);
  return s.codes.finish(best, query, k, out, counted);
}

Result<Hits> FlatIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                     SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(Batch batch, Batch::of(queries, params, space(), s.removed, s.live(), stats));
  if (batch.empty()) return std::move(batch.hits);
  SearchStats& counted = batch.stats();
  Matrix memory;
  QUIVER_TRY(const DenseInput asked, s.codes.for_coarse(batch.input, memory, run.threads()));
  QUIVER_TRY(const std::vector<TopK> best,
             internal::scan_batch(codes(), asked, s.wanted(params, batch.k), batch.eligible, run, counted));
  for (std::size_t q = 0; q < best.size(); ++q) {
    QUIVER_TRY(const std::size_t found, s.codes.finish(best[q], batch.input.row(q), batch.k, batch.room(q), counted));
    batch.hits.counts[q] = static_cast<std::uint32_t>(found);
  }
  return std::move(batch.hits);
}

Result<void> FlatIndex::save(const std::filesystem::path& path) const {
  const bool in_blocks = codes().arranged_for_scans();
  ContainerWriter writer(internal::kIndexKind, in_blocks ? internal::kBlocksVersion : internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, state_->removed);
  state_->codes.save(writer);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
