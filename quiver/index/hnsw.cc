#include "quiver/index/hnsw.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "quiver/index/internal/batch.h"
#include "quiver/index/internal/code_pair.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/hnsw_insert.h"
#include "quiver/index/internal/hnsw_repair.h"

namespace quiver {
namespace {
using internal::Batch;
using internal::CodePair;
using internal::Eligible;
using internal::HnswLinks;
using internal::HnswWalk;
using internal::Removed;

// A decoded row becomes a query when it is inserted, so it must be finite; codes of extreme rows may decode to
// infinity.
Result<void> check_decoded(const Codes& codes, std::size_t first) {
  constexpr std::size_t kBlock = 256;
  Matrix block(kBlock, codes.space().dims);
  for (; first < codes.rows(); first += kBlock) {
    const std::size_t count = std::min(kBlock, codes.rows() - first);
    codes.decode_range(first, count, block.data(), block.stride());
    QUIVER_TRY(check_finite(block.view().slice(0, count), fmt::format("rows from {} on as {}", first, codes.spec())));
  }
  return {};
}
}  // namespace

struct HnswIndex::State {
  IndexSpec spec;
  CodePair codes;
  HnswLinks links;
  Removed removed;

  std::size_t live() const { return codes.coarse().rows() - removed.count(); }
  std::size_t effort_of_build() const { return std::max(spec.arguments[1], spec.arguments[0]); }

  // Rows a search keeps while it walks, for k hits.
  std::size_t keep(const SearchParams& params, std::size_t k) const {
    const std::size_t effort = params.effort > 0 ? params.effort : 64;
    return std::min(std::max({k, effort, codes.reranks() ? std::size_t{params.rerank} : 0}), live());
  }
  // A walk that keeps `keep` rows of a part s of all looks at about keep * M / s rows; comparing the allowed, at s *
  // rows.
  bool scan_pays(std::size_t keep, const RowFilter* filter) const {
    const double rows = static_cast<double>(links.rows());
    const double allowed = (filter != nullptr ? filter->selectivity() : 1) * static_cast<double>(live()) / rows;
    return allowed * allowed * rows < static_cast<double>(keep * links.degree());
  }

  // Links rows from `first` on, inserted in `order` (empty: as they come).
  Result<void> link(std::size_t first, std::span<const std::uint32_t> order, Run* run) {
    const std::size_t count = codes.coarse().rows() - first;
    QUIVER_TRY(check_decoded(codes.coarse(), first));
    const auto row_at = [&](std::size_t i) { return order.empty() ? static_cast<std::uint32_t>(first + i) : order[i]; };
    std::vector<std::uint8_t> levels(count);
    for (std::size_t i = 0; i < count; ++i) levels[row_at(i) - first] = links.draw_level(first + i);
    links.grow(levels);
    internal::HnswInserter inserter(codes.coarse(), links, effort_of_build());
    std::optional<Run::Stage> stage;
    if (run != nullptr) stage.emplace(run->stage("linking", count));
    for (std::size_t i = 0; i < count; ++i) {
      if (run != nullptr && run->stop()) return run->stopped("linking rows");
      inserter.insert(row_at(i));
      if (stage) stage->advance();
    }
    return {};
  }

  // At most `keep` eligible rows, closest first by the coarse codes; at least min(k, eligible rows).
  TopK find(const Scorer& scorer, std::size_t k, std::size_t keep, const Eligible& eligible, Scratch& scratch,
            SearchStats& stats) const {
    HnswWalk walk{scratch.worker(0)};
    const Hit from = internal::descend(links, scorer, 0, walk);
    TopK found = internal::walk_level(links, scorer, from, 0, keep, eligible, walk);
    stats.distances += walk.distances;
    stats.hops += walk.hops;
    stats.bytes_read += walk.distances * codes.coarse().bytes_per_row();
    stats.plan = "walk";
    return found.size() < k ? internal::scan(codes.coarse(), scorer, keep, eligible, scratch, stats) : found;
  }

  // The best of what was found, cut to what the finer codes shall see.
  Result<std::size_t> finish(const TopK& found, const RowsView& query, const SearchParams& params, std::size_t k,
                             std::span<Hit> out, SearchStats& stats) const {
    const std::size_t wanted = codes.candidates(params, k);
    if (!codes.reranks() || found.size() <= wanted) return codes.finish(found, query, k, out, stats);
    TopK best(wanted);
    best.merge(found);
    return codes.finish(best, query, k, out, stats);
  }
};

HnswIndex::HnswIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
HnswIndex::~HnswIndex() = default;

Result<void> HnswIndex::check_arguments(std::span<const unsigned> arguments) {
  if (arguments[0] < 2 || arguments[0] > 1024 || arguments[1] < 1 || arguments[1] > 100'000) {
    return Error::invalid_argument(
        fmt::format("hnsw({},{}): M is 2 .. 1024 links a row, ef_construction 1 .. 100000 rows kept while building; "
                    "write hnsw({},{})",
                    arguments[0], arguments[1], kDefaults[0], kDefaults[1]));
  }
  return {};
}

Result<std::unique_ptr<Index>> HnswIndex::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                                MatrixView sample_queries, Run& run,
                                                std::span<const std::uint32_t> order) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  if (state->spec.arguments.empty()) state->spec.arguments.assign(std::begin(kDefaults), std::end(kDefaults));
  QUIVER_CHECK(state->spec.arguments.size() == std::size(kDefaults));
  QUIVER_TRY(check_arguments(state->spec.arguments));
  QUIVER_TRY(state->codes, CodePair::build(spec, base, space, sample_queries, run));
  QUIVER_CHECK(order.empty() || order.size() == state->codes.coarse().rows());
  state->links = HnswLinks(state->spec.arguments[0], run.seed());
  QUIVER_TRY(state->link(0, order, &run));
  return std::unique_ptr<Index>(new HnswIndex(std::move(state)));
}

Result<std::unique_ptr<Index>> HnswIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  QUIVER_TRY(state->codes, CodePair::open(spec, file, header));
  QUIVER_TRY(state->links, HnswLinks::open(spec.arguments[0], header.rows, file));
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  return std::unique_ptr<Index>(new HnswIndex(std::move(state)));
}

const Space& HnswIndex::space() const noexcept { return state_->codes.space(); }
std::string HnswIndex::spec() const { return state_->spec.text(); }
std::size_t HnswIndex::size() const noexcept { return state_->codes.coarse().rows(); }
std::size_t HnswIndex::live() const noexcept { return state_->live(); }
std::size_t HnswIndex::bytes() const noexcept {
  return state_->codes.bytes() + state_->links.bytes() + state_->removed.words().size_bytes();
}

std::vector<std::uint32_t> HnswIndex::in_degrees() const {
  std::vector<std::uint32_t> degrees(size());
  for (std::uint32_t row = 0; row < degrees.size(); ++row) {
    for (const std::uint32_t neighbour : state_->links.of(row, 0)) ++degrees[neighbour];
  }
  return degrees;
}

Result<void> HnswIndex::add(const RowsView& rows) {
  State& s = *state_;
  const std::size_t before = size();
  QUIVER_TRY(s.codes.append(rows));
  auto linked = s.link(before, {}, nullptr);
  if (!linked.has_value()) s.codes.truncate(before);  // refused before the first was linked
  return linked;
}

Result<void> HnswIndex::remove(std::span<const std::uint32_t> rows) {
  return internal::remove_rows(state_->removed, rows, size());
}

Result<std::vector<std::uint32_t>> HnswIndex::compact(Run& run) {
  if (run.stop()) return run.stopped("compacting a graph");
  State& s = *state_;
  std::vector<std::uint32_t> rows = internal::rows_left(s.removed, size());
  HnswLinks links = s.links;  // so that nothing has changed if the run stops
  QUIVER_TRY(internal::repair_links(links, s.codes.coarse(), s.removed, s.effort_of_build(), run));
  links.keep(rows);
  s.links = std::move(links);
  s.codes.keep(rows);
  s.removed = {};
  return rows;
}

Result<std::size_t> HnswIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
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
  const std::size_t keep = s.keep(params, k);
  const TopK found = s.scan_pays(keep, params.filter)
                         ? internal::scan(s.codes.coarse(), *scorer, keep, eligible, scratch, counted)
                         : s.find(*scorer, k, keep, eligible, scratch, counted);
  return s.finish(found, query, params, k, out, counted);
}

Result<Hits> HnswIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                     SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(Batch batch, Batch::of(queries, params, space(), s.removed, s.live(), stats));
  if (batch.empty()) return std::move(batch.hits);
  const DenseInput& input = batch.input;
  const std::size_t k = batch.k;
  SearchStats& counted = batch.stats();
  const Eligible& eligible = batch.eligible;
  const std::size_t keep = s.keep(params, k);
  std::vector<TopK> found(input.rows(), TopK(0));
  if (s.scan_pays(keep, params.filter)) {
    Matrix memory;
    QUIVER_TRY(const DenseInput asked, s.codes.for_coarse(input, memory, run.threads()));
    QUIVER_TRY(found, internal::scan_batch(s.codes.coarse(), asked, keep, eligible, run, counted));
  } else {
    struct Worker {
      Scratch scratch;
      SearchStats stats;
      std::optional<Error> error;
    };
    std::vector<Worker> workers(run.threads().count());
    run.threads().parallel_for(input.rows(), 1, [&](std::size_t begin, std::size_t end, unsigned number) {
      Worker& w = workers[number];
      for (std::size_t q = begin; q < end && !run.stop(); ++q) {
        const auto scorer = s.codes.scorer(input.row(q));
        if (!scorer.has_value()) {
          w.error = scorer.error();
          return;
        }
        found[q] = s.find(**scorer, k, keep, eligible, w.scratch, w.stats);
      }
    });
    if (run.stop()) return run.stopped("searching");
    for (const Worker& w : workers) {
      if (w.error) return *w.error;
      counted.add_counts(w.stats);
    }
    counted.plan = "walk";
  }
  for (std::size_t q = 0; q < found.size(); ++q) {
    QUIVER_TRY(const std::size_t count, s.finish(found[q], input.row(q), params, k, batch.room(q), counted));
    batch.hits.counts[q] = static_cast<std::uint32_t>(count);
  }
  return std::move(batch.hits);
}

Result<void> HnswIndex::save(const std::filesystem::path& path) const {
  ContainerWriter writer(internal::kIndexKind, internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, state_->removed);
  state_->codes.save(writer);
  state_->links.save(writer);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
